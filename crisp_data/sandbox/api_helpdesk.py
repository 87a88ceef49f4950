"""The helpdesk: its settings, its languages, its redirections, and what its readers say."""

from __future__ import annotations

from collections import Counter

from .filters import dates
from .helpdesk import CONTENT_TYPES, new_helpdesk
from .records import Record
from .request import Answer, Call, Refusal, operation
from .resources import Document, Resource
from .rng import uuid4

#: What a tree and the feedback on it belong to, as a path names it.
SECTION = ("locale", "content_type")


def address(call: Call, *parts: str) -> str:
    """Return an address on the helpdesk."""
    domain = HELPDESK.find(call)["domain"]
    host = domain["custom"] or f"{domain['basic']}.{domain['root']}"
    return f"https://{'/'.join((host, *parts))}/"


HELPDESK = Resource(
    table="helpdesk",
    key="website_id",
    identify=lambda call: call.path["website_id"],
    not_found="helpdesk_not_found",
    read=("check_helpdesk_exists", "resolve_helpdesk"),
    create=("initialize_helpdesk",),
    remove=("delete_helpdesk",),
    new=lambda call, _, now: new_helpdesk(call.body["name"], call.body["domain_basic"]),
    shown=lambda call, row: {"name": row["settings"]["name"], "url": address(call)},
    release=lambda call, _, at: call.website.drop("helpdesk "),
    exists="helpdesk_exists",
)
Document(
    find=lambda call: HELPDESK.find(call)["settings"],
    read=("resolve_helpdesk_settings",),
    update=("save_helpdesk_settings",),
)
Document(
    find=lambda call: HELPDESK.find(call)["domain"],
    read=("resolve_helpdesk_domain",),
    update=("request_helpdesk_domain_change",),
)


@operation("generate_helpdesk_domain_setup_flow")
def generate_helpdesk_domain_setup_flow(call: Call) -> Answer:
    """Answer which record of the domain name system leads a domain of one's own here (assumed)."""
    domain = HELPDESK.find(call)["domain"]
    custom = call.query.get("custom") or domain["custom"]
    record = {"type": "CNAME", "name": custom, "value": f"{domain['basic']}.{domain['root']}"}
    return Answer("resolved", {"custom": custom, "records": [record]})


def is_group(rows: dict[str, Record], path: str) -> bool:
    """Whether other entries stand under a path."""
    return any(other.startswith(f"{path}/") for other in rows)


def _locale(call: Call, row: Record) -> Record:
    """Show a language with how much is written in it."""
    statistics = {}
    for kind in CONTENT_TYPES:
        paths = call.website.table("helpdesk tree", row["locale"], kind)
        groups = sum(is_group(paths, path) for path in paths)
        statistics[kind] = {"entries": len(paths) - groups, "groups": groups}
    shown = {name: row[name] for name in ("locale_id", "locale")}
    return shown | {"url": address(call, row["locale"]), "statistics": statistics}


LOCALES = Resource(
    table="helpdesk locales",
    gate=HELPDESK.find,
    key="locale",
    identify=lambda call: str(call.body["locale"]),
    not_found="locale_not_found",
    list=("list_helpdesk_locales",),
    read=("check_helpdesk_locale_exists", "resolve_helpdesk_locale"),
    create=("add_helpdesk_locale",),
    remove=("delete_helpdesk_locale",),
    new=lambda call, locale, now: {"locale_id": uuid4(call.website.rng)},
    shown=_locale,
    release=lambda call, locale, at: call.website.drop("helpdesk ", locale),
    exists="locale_exists",
)
Resource(
    table="helpdesk redirections",
    gate=HELPDESK.find,
    key="redirection_id",
    not_found="redirection_not_found",
    list=("list_helpdesk_redirections",),
    read=("check_helpdesk_redirection_exists", "resolve_helpdesk_redirection"),
    create=("add_helpdesk_redirection",),
    remove=("delete_helpdesk_redirection",),
)


def section(call: Call) -> None:
    """Refuse a language or a kind of content that the helpdesk does not have."""
    LOCALES.find(call)
    if call.path["content_type"] not in CONTENT_TYPES:
        raise Refusal(404, "not_found")


def _title(call: Call) -> str:
    return call.path["path"].rpartition("/")[2].replace("-", " ").capitalize()


# What readers say, and work that is done elsewhere


def _feedbacks(call: Call) -> list[Record]:
    section(call)
    within = dates(call.query, call.world.options)
    rows = call.website.table("helpdesk feedbacks", *(call.path[name] for name in SECTION))
    return [row for row in rows.values() if within(row["created_at"])]


@operation("list_helpdesk_locale_feedbacks")
def list_helpdesk_locale_feedbacks(call: Call) -> Answer:
    """List what readers said, newest first."""
    rows = sorted(_feedbacks(call), key=lambda row: -row["created_at"])
    return call.page([{name: row[name] for name in row if name != "feedback_id"} for row in rows])


@operation("map_helpdesk_locale_feedback_ratings")
def map_helpdesk_locale_feedback_ratings(call: Call) -> Answer:
    """Count the readers whom it helped and whom it did not."""
    counts = Counter(row["rating"] for row in _feedbacks(call))
    ratings = {name: counts[name] for name in ("helpful", "unhelpful")}
    return Answer("resolved", {"ratings": ratings})


@operation(
    "request_helpdesk_content_refresh",
    "import_external_helpdesk_to_locale",
    "export_helpdesk_locale_articles",
)
def dispatch_helpdesk_work(call: Call) -> Answer:
    """Accept to fetch, write out or refresh articles, which happens elsewhere."""
    section(call)
    return call.dispatch()
