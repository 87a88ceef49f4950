"""What a column or a JSON key holds, by its name.

==============  ===============================================================================
role            what happens to the values
==============  ===============================================================================
a token's kind  each becomes a token: ``person email phone address ip link session id company``
``file``        a token that keeps the name's ending
``place``       coordinates, rounded to one decimal: some eleven kilometres
``free``        JSON whose keys anybody may have chosen: only those allowed stay
``json``        JSON: each key is judged by its own name, each text is searched
``drop``        nothing stays
``keep``        nothing changes
``text``        searched for what is personal; every name that is not known
==============  ===============================================================================

Country, region and city stay: the coordinates beside them are no finer. So do browser, system,
languages and time zone. The User-Agent header goes, for it tells people apart and its useful
parts have columns of their own, and so do ``isp`` and ``asn``, which for many a person at work
name the employer.
"""

from __future__ import annotations

import re

from crisp_data.tables import TABLES

ROLES = {
    **dict.fromkeys(("session_id",), "session"),
    **dict.fromkeys(
        (
            "people_id", "user_id", "assigned_user_id", "sender_user_id", "mentions", "operators",
            "team_operators", "people", "target",
        ),
        "id",
    ),
    **dict.fromkeys(("nickname", "first_name", "last_name", "handle"), "person"),
    **dict.fromkeys(("ip", "ips"), "ip"),
    **dict.fromkeys(("avatar", "website", "picture", "photo"), "link"),
    **dict.fromkeys(
        (
            "company_name", "company_legal_name", "company_domain", "company_url",
            "employment_name", "employment_domain",
        ),
        "company",
    ),
    **dict.fromkeys(("latitude", "longitude", "lat", "lon", "lng"), "place"),
    **dict.fromkeys(("useragent", "user_agent", "isp", "asn"), "drop"),
    **dict.fromkeys(("data", "extra"), "free"),
    **dict.fromkeys(
        (
            "website_id", "inbox_id", "campaign_id", "country", "region", "city",
            "company_country", "company_region", "company_city", "gender", "locales",
            "os", "os_version", "browser", "browser_version", "browser_major", "engine",
            "engine_version", "capabilities", "role", "emoji", "color", "teams", "availability",
        ),
        "keep",
    ),
}  # fmt: skip
for _table in TABLES.values():
    for _column in _table.declared:
        if _column.kind.name == "json":
            ROLES.setdefault(_column.name, "json")

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"[\W_]+")
_WORDS = (
    ({"email", "emails", "mail", "mails", "courriel", "correo"}, "email"),
    (
        {"phone", "phones", "mobile", "tel", "telephone", "fax", "whatsapp"}
        | {"téléphone", "telefon", "teléfono", "telefono", "handy", "móvil"},
        "phone",
    ),
    ({"ip", "ips"}, "ip"),
    ({"avatar", "picture", "photo"}, "link"),
    ({"latitude", "longitude", "lat", "lon", "lng"}, "place"),
    (
        {"address", "street", "postcode", "zip", "postal"}
        | {"adresse", "anschrift", "dirección", "direccion", "plz"},
        "address",
    ),
    ({"iban", "bic", "card", "ssn", "vat"}, "id"),
    (
        {"nickname", "username", "firstname", "lastname", "surname", "fullname"}
        | {"prénom", "prenom", "vorname", "nachname", "apellido", "apellidos"},
        "person",
    ),
)
_OWNERS = {"first", "last", "full", "family", "given", "user", "customer", "client", "visitor",
           "operator", "agent", "contact", "person", "owner", "billing"}  # fmt: skip
# What analysts call a column of names. Not "operator": Crisp's conditions have those, too.
_WHO = {"name", "nom", "customer", "kunde", "contact", "visitor", "assignee", "author"}
_WHOSE = _OWNERS | {"people", "profile", "session"}


def role_of(name: object) -> str:
    """Return the role of a column or key by its name.

    Examples
    --------
    >>> from crisp_data.privacy.column_roles import role_of
    >>> [role_of(name) for name in ("nickname", "Customer e-mail", "meta.phoneNumber", "state")]
    ['person', 'email', 'phone', 'text']
    """
    text = str(name).rpartition(".")[2]
    parts = _NOT_WORD.split(_CAMEL.sub("_", text).lower().replace("e-mail", "email"))
    snake, words = "_".join(parts).strip("_"), set(parts)
    if (role := ROLES.get(text) or ROLES.get(snake)) is not None:
        return role
    if "name" in words and words & {"file", "filename"}:
        return "file"
    for known, role in _WORDS:
        if words & known:
            return role
    if "id" in words and words & _WHOSE:
        return "session" if "session" in words else "id"
    return "person" if snake in _WHO or ("name" in words and words & _OWNERS) else "text"


def roles_of(names: list[object]) -> list[str]:
    """Return the role of every column of a frame: ``name`` and ``url`` need their neighbours."""
    roles = [role_of(name) for name in names]
    beside = set(map(str, names))
    for n, name in enumerate(names):
        if name == "name" and beside & {"emoji", "campaign_id", "domain"}:
            roles[n] = "text"  # an inbox's, a campaign's, a website's
        elif name in ("name", "url") and {"type", "url"} <= beside:
            roles[n] = "file" if name == "name" else "link"
    return roles
