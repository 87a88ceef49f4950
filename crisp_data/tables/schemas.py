"""Every table's columns, declared once.

Sources are the paths of Crisp's REST API (docs.crisp.chat, REST API v1) and of the types in
its official clients. Every field they document is a column; what they do not know ends in
``extra``.
"""

from __future__ import annotations

from typing import Any

from crisp_data.tables.kinds import (
    FLAG,
    INTEGER,
    JSON,
    REAL,
    TEXT,
    TEXTS,
    TIME,
    Column,
    Kind,
    Table,
    category,
)
from crisp_data.tables.message_text import originals, texts

_TYPE = category(
    "text", "note", "file", "animation", "audio", "picker", "field", "carousel", "event"
)
_FROM = category("user", "operator")
_STATE = category("pending", "unresolved", "resolved")
_AVAILABILITY = category("online", "away", "offline")

_WEBSITE = Column("website_id", TEXT, "website (workspace) it belongs to")
_SESSION = Column("session_id", TEXT, "conversation it belongs to")

TABLES: dict[str, Table] = {}


def _declare(name: str, meaning: str, columns: tuple[Column, ...], **options: Any) -> None:
    """Add a table; the options are those of :class:`Table`."""
    TABLES[name] = Table(name, meaning, columns, **options)


def _place(path: str, of: str, prefix: str = "") -> tuple[Column, ...]:
    """Declare the five columns of a geolocation object at ``path``."""
    at = f"{path}.coordinates"
    return (
        Column(f"{prefix}country", TEXT, f"country code of {of}", f"{path}.country"),
        Column(f"{prefix}region", TEXT, f"region code of {of}", f"{path}.region"),
        Column(f"{prefix}city", TEXT, f"city of {of}", f"{path}.city"),
        Column(f"{prefix}latitude", REAL, f"degrees north of {of}", f"{at}.latitude"),
        Column(f"{prefix}longitude", REAL, f"degrees east of {of}", f"{at}.longitude"),
    )


_declare(
    "conversations",
    "one conversation, as of the time it was read",
    (
        Column("session_id", TEXT, "identifier of the conversation"),
        _WEBSITE,
        Column("inbox_id", TEXT, "inbox it is routed to; null is the main inbox"),
        Column("people_id", TEXT, "profile of the person who writes"),
        Column("state", _STATE, "state of the conversation"),
        Column("status", INTEGER, "state as a number: 0 pending, 1 unresolved, 2 resolved"),
        Column("is_verified", FLAG, "whether the person's identity is verified"),
        Column("is_blocked", FLAG, "whether the person is blocked"),
        Column("availability", _AVAILABILITY, "availability of the person"),
        Column("nickname", TEXT, "name shown for the person", "meta.nickname"),
        Column("email", TEXT, "e-mail address", "meta.email"),
        Column("phone", TEXT, "phone number", "meta.phone"),
        Column("address", TEXT, "postal address", "meta.address"),
        Column("subject", TEXT, "subject, as for e-mail", "meta.subject"),
        Column("origin", TEXT, "channel: chat, email or urn:...", "meta.origin"),
        Column("ip", TEXT, "IP address", "meta.ip"),
        Column("avatar", TEXT, "URL of the picture", "meta.avatar"),
        *_place("meta.device.geolocation", "the device"),
        Column("timezone", INTEGER, "browser time zone, in minutes", "meta.device.timezone"),
        Column("locales", TEXTS, "languages of the browser", "meta.device.locales"),
        Column("os", TEXT, "operating system", "meta.device.system.os.name"),
        Column("os_version", TEXT, "its version", "meta.device.system.os.version"),
        Column("browser", TEXT, "browser", "meta.device.system.browser.name"),
        Column("browser_version", TEXT, "its version", "meta.device.system.browser.version"),
        Column("browser_major", TEXT, "its major version", "meta.device.system.browser.major"),
        Column("engine", TEXT, "rendering engine", "meta.device.system.engine.name"),
        Column("engine_version", TEXT, "its version", "meta.device.system.engine.version"),
        Column("useragent", TEXT, "User-Agent header", "meta.device.system.useragent"),
        Column("capabilities", TEXTS, "what the device can do", "meta.device.capabilities"),
        Column("isp", TEXT, "internet provider", "meta.connection.isp"),
        Column("asn", TEXT, "autonomous system number", "meta.connection.asn"),
        Column("segments", TEXTS, "segments (tags)", "meta.segments"),
        Column("topic", TEXT, "topic of the conversation"),
        Column("assigned_user_id", TEXT, "operator it is assigned to", "assigned.user_id"),
        Column("participants", JSON, "other participants, [{type, target}]"),
        Column("mentions", TEXTS, "operators mentioned in notes"),
        Column("verifications", JSON, "verified identities, [{identity, method, annotation}]"),
        Column("unread_operator", INTEGER, "messages operators have not read", "unread.operator"),
        Column("unread_visitor", INTEGER, "messages the person has not read", "unread.visitor"),
        Column("active_now", FLAG, "whether the person is active now", "active.now"),
        Column("active_last", TIME, "when the person was last active", "active.last"),
        Column("compose", JSON, "who is typing, {operator, visitor}"),
        Column("preview_type", _TYPE, "type of the last message", "preview_message.type"),
        Column("preview_from", _FROM, "writer of the last message", "preview_message.from"),
        Column("preview_excerpt", TEXT, "start of the last message", "preview_message.excerpt"),
        Column("preview_fingerprint", INTEGER, "its fingerprint", "preview_message.fingerprint"),
        Column("last_message", TEXT, "text of the last message"),
        Column("data", JSON, "custom data of the conversation", "meta.data"),
        Column("created_at", TIME, "when it was created"),
        Column("updated_at", TIME, "when it last changed"),
        Column("waiting_since", TIME, "since when the person has waited for an answer"),
    ),
    key=("session_id",),
    order=(("updated_at", "descending"), ("session_id", "ascending")),
)

_declare(
    "messages",
    "one message, note or event of a conversation",
    (
        _SESSION,
        Column("fingerprint", INTEGER, "identifier inside the conversation, up to 1e15"),
        Column("timestamp", TIME, "when it was written"),
        Column("type", _TYPE, "kind of message"),
        Column("from", _FROM, "who wrote it: user or operator"),
        Column("origin", TEXT, "channel: chat, email or urn:..."),
        Column("content", TEXT, "readable text of the message", read=texts),
        Column("content_json", JSON, "original content, if not text", "content", read=originals),
        Column("user_id", TEXT, "id of the operator or session that wrote it", "user.user_id"),
        Column("nickname", TEXT, "name shown for the writer", "user.nickname"),
        Column("user_type", TEXT, "kind of writer, such as website", "user.type"),
        Column("avatar", TEXT, "URL of the writer's picture", "user.avatar"),
        Column("automated", FLAG, "whether a bot wrote it"),
        Column("edited", FLAG, "whether it was edited"),
        Column("stamped", FLAG, "whether it carries the workspace's stamp"),
        Column("translated", FLAG, "whether it was translated"),
        Column("read", TEXT, "channel on which it was read; empty or null is unread"),
        Column("delivered", TEXT, "channel on which it was delivered"),
        Column("ignored", JSON, "channels that were skipped, and why"),
        Column("mentions", TEXTS, "operators mentioned"),
        Column("references", JSON, "references, [{type, name, target}]"),
        Column("original", JSON, "its original, such as an e-mail, {original_id}"),
        Column("properties", JSON, "custom properties of the message"),
        Column("preview", JSON, "previews of links in it"),
        _WEBSITE,
    ),
    key=("session_id", "fingerprint"),
    order=(("session_id", "arrival"), ("timestamp", "ascending"), ("fingerprint", "ascending")),
)

_declare(
    "people",
    "one profile of the people list",
    (
        Column("people_id", TEXT, "identifier of the profile; may be an e-mail address"),
        _WEBSITE,
        Column("email", TEXT, "e-mail address"),
        Column("nickname", TEXT, "name", "person.nickname"),
        Column("avatar", TEXT, "URL of the picture", "person.avatar"),
        Column("gender", TEXT, "gender", "person.gender"),
        Column("phone", TEXT, "phone number", "person.phone"),
        Column("address", TEXT, "postal address", "person.address"),
        Column("description", TEXT, "description", "person.description"),
        Column("website", TEXT, "URL of the person's website", "person.website"),
        Column("timezone", INTEGER, "browser time zone, in minutes", "person.timezone"),
        *_place("person.geolocation", "the person"),
        Column("locales", TEXTS, "languages", "person.locales"),
        Column("profiles", JSON, "social profiles, [{type, handle, url}]", "person.profiles"),
        Column("employment_name", TEXT, "employer", "person.employment.name"),
        Column("employment_domain", TEXT, "employer's domain", "person.employment.domain"),
        Column("employment_title", TEXT, "job title", "person.employment.title"),
        Column("employment_role", TEXT, "role", "person.employment.role"),
        Column("employment_seniority", TEXT, "seniority", "person.employment.seniority"),
        Column("company_name", TEXT, "company", "company.name"),
        Column("company_legal_name", TEXT, "its legal name", "company.legal_name"),
        Column("company_domain", TEXT, "its domain", "company.domain"),
        Column("company_url", TEXT, "its website", "company.url"),
        Column("company_description", TEXT, "what it does", "company.description"),
        Column("company_timezone", INTEGER, "its time zone, in minutes", "company.timezone"),
        Column("company_phones", TEXTS, "its phone numbers", "company.phones"),
        Column("company_emails", TEXTS, "its e-mail addresses", "company.emails"),
        *_place("company.geolocation", "the company", "company_"),
        Column("company_employees", INTEGER, "its employees", "company.metrics.employees"),
        Column("company_market_cap", REAL, "its market value", "company.metrics.market_cap"),
        Column("company_raised", REAL, "money raised", "company.metrics.raised"),
        Column("company_arr", REAL, "annual recurring revenue", "company.metrics.arr"),
        Column("company_tags", TEXTS, "its tags", "company.tags"),
        Column("segments", TEXTS, "segments (tags)"),
        Column("notepad", TEXT, "operators' notes"),
        Column("active_now", FLAG, "whether the person is active now", "active.now"),
        Column("active_last", TIME, "when the person was last active", "active.last"),
        Column("score", REAL, "score from Crisp"),
        Column("created_at", TIME, "when the profile was created"),
        Column("updated_at", TIME, "when it last changed"),
    ),
    key=("website_id", "people_id"),
)


def _operator(name: str, kind: Kind, meaning: str, camel: str = "") -> Column:
    """Declare a field of an operator, which a list wraps in ``details`` and a single GET not.

    The official types spell some names in camel case; the API's pages do not.
    """
    also = (name, f"details.{camel}", camel) if camel else (name,)
    return Column(name, kind, meaning, f"details.{name}", also)


_declare(
    "operators",
    "one operator (agent) of the website",
    (
        _operator("user_id", TEXT, "identifier of the operator", "userID"),
        _WEBSITE,
        Column("type", TEXT, "kind of entry, such as operator or sandbox"),
        _operator("email", TEXT, "e-mail address"),
        _operator("first_name", TEXT, "first name", "firstName"),
        _operator("last_name", TEXT, "last name", "lastName"),
        _operator("role", TEXT, "role, such as owner or member"),
        _operator("title", TEXT, "job title"),
        _operator("availability", _AVAILABILITY, "availability of the operator"),
        _operator("has_token", FLAG, "whether two-factor login is on", "hasToken"),
        _operator("avatar", TEXT, "URL of the picture"),
    ),
    key=("website_id", "user_id"),
    withheld=("details.identifier", "details.key", "identifier", "key"),
)

_declare(
    "visitors",
    "one visitor who is on the website now",
    (
        _SESSION,
        _WEBSITE,
        Column("inbox_id", TEXT, "inbox of the conversation"),
        Column("nickname", TEXT, "name shown"),
        Column("email", TEXT, "e-mail address"),
        Column("avatar", TEXT, "URL of the picture"),
        Column("initiated", FLAG, "whether the visitor has written"),
        Column("active", FLAG, "whether the visitor is active"),
        Column("page_title", TEXT, "title of the page being read", "last_page.page_title"),
        Column("page_url", TEXT, "URL of the page being read", "last_page.page_url"),
        *_place("geolocation", "the visitor"),
        Column("timezone", INTEGER, "browser time zone, in minutes"),
        Column("locales", TEXTS, "languages of the browser"),
        Column("capabilities", TEXTS, "what the device can do"),
        Column("useragent", TEXT, "User-Agent header"),
    ),
    key=("website_id", "session_id"),
)

_declare(
    "inboxes",
    "one inbox of the website",
    (
        Column("inbox_id", TEXT, "identifier of the inbox"),
        _WEBSITE,
        Column("name", TEXT, "name"),
        Column("emoji", TEXT, "emoji shown with the name"),
        Column("order", INTEGER, "place in the list"),
        Column("operators", TEXTS, "operators who see it"),
        Column("teams", TEXTS, "teams who see it"),
        Column("team_operators", TEXTS, "operators who see it through a team"),
        Column("conditions", JSON, "routing, [{model, criterion, operator, query}]"),
        Column("operator", TEXT, "how conditions combine: and, or"),
        Column("created_at", TIME, "when it was created"),
        Column("updated_at", TIME, "when it last changed"),
    ),
    key=("website_id", "inbox_id"),
)

_declare(
    "campaigns",
    "one campaign of the website",
    (
        Column("campaign_id", TEXT, "identifier of the campaign"),
        _WEBSITE,
        Column("type", TEXT, "kind of campaign"),
        Column("format", TEXT, "format of its message"),
        Column("name", TEXT, "name"),
        Column("subject", TEXT, "subject of its message"),
        Column("tag", TEXT, "tag"),
        Column("ready", FLAG, "whether it may be sent"),
        Column("dispatched", FLAG, "whether it was sent"),
        Column("running", FLAG, "whether it runs now"),
        Column("progress", REAL, "progress in percent"),
        Column("targets", INTEGER, "people it targets"),
        Column("reached", INTEGER, "people it reached"),
        Column("opened", INTEGER, "people who opened it", "statistics.opened"),
        Column("clicked", INTEGER, "people who clicked", "statistics.clicked"),
        Column("unsubscribed", INTEGER, "people who unsubscribed", "statistics.unsubscribed"),
        Column("sender_user_id", TEXT, "operator who sends it", "sender.user_id"),
        Column("recipients", JSON, "recipients, {type, segments, people, filter}"),
        Column("flow", JSON, "its trigger, {launch_event, assert_filter, ...}"),
        Column("options", JSON, "how it is sent, {deliver_to_email, tracking, ...}"),
        Column("message", TEXT, "its message"),
        Column("created_at", TIME, "when it was created"),
        Column("updated_at", TIME, "when it last changed"),
        Column("dispatched_at", TIME, "when it was sent"),
    ),
    key=("website_id", "campaign_id"),
)

_declare(
    "pages",
    "one page that the person of a conversation has read",
    (
        _SESSION,
        Column("timestamp", TIME, "when it was opened"),
        Column("page_title", TEXT, "title"),
        Column("page_url", TEXT, "URL"),
        Column("page_referrer", TEXT, "URL of the previous page"),
        _WEBSITE,
    ),
    key=("session_id", "page_url", "timestamp"),
)

_declare(
    "events",
    "one event recorded for a conversation or a profile",
    (
        _SESSION,
        Column("people_id", TEXT, "profile it belongs to"),
        Column("timestamp", TIME, "when it happened"),
        Column("text", TEXT, "name of the event"),
        Column("data", JSON, "custom data of the event"),
        Column("color", TEXT, "colour of the event"),
        _WEBSITE,
    ),
    key=("session_id", "people_id", "text", "timestamp"),
)

_declare(
    "files",
    "one file sent in a conversation",
    (
        _SESSION,
        Column("fingerprint", INTEGER, "fingerprint of its message"),
        Column("timestamp", TIME, "when it was sent"),
        Column("name", TEXT, "name of the file"),
        Column("type", TEXT, "media type"),
        Column("url", TEXT, "URL"),
        _WEBSITE,
    ),
    key=("session_id", "url", "fingerprint"),
)

_declare(
    "websites",
    "one website (workspace) that the token may read",
    (
        Column("website_id", TEXT, "identifier of the website"),
        Column("name", TEXT, "name"),
        Column("domain", TEXT, "domain"),
        Column("logo", TEXT, "URL of the logo"),
        Column("verified", FLAG, "whether the domain is verified"),
        Column("institutional", FLAG, "whether it belongs to an institution"),
    ),
    key=("website_id",),
    withheld=("token",),
)
