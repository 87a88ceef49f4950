"""What the seed puts into a helpdesk: one language, a small tree of articles, their feedback."""

from __future__ import annotations

from .calendar import DATA_END, DAY
from .people import Scene
from .records import Record
from .rng import mix, uuid_at

#: The kinds of content of a helpdesk; each language has a tree of each.
CONTENT_TYPES = ("articles", "guides", "references", "news")
#: Under which Crisp serves helpdesks that have no domain of their own (assumed).
ROOT_DOMAIN = "crisp.help"

_ARTICLES = {
    "billing": "Billing",
    "billing/invoices": "Where are my invoices? 🧾",
    "billing/refunds": "How do refunds work?",
    "delivery": "Delivery",
    "delivery/times": "How long does delivery take?",
}
_COMMENTS = ("", "Clear, thank you!", "Où est la facture ?")


def new_helpdesk(name: str, domain: str) -> Record:
    """Make a helpdesk with the settings it begins with."""
    behavior = dict.fromkeys(("frequently_read", "show_chatbox", "ask_feedback"), True)
    return {
        "settings": {"name": name, "behavior": behavior, "access": {"password": None}},
        "domain": {"root": ROOT_DOMAIN, "basic": domain, "custom": None, "verified": False},
    }


def new_page(path: str, title: str) -> Record:
    """Make an entry of a tree, without words yet."""
    state = {"published": False, "hidden": False, "featured": False}
    metadata = {"format": "markdown", "title": title, "description": None, "state": state}
    return {"path": path, "position": 0, "content": "", "metadata": metadata}


def helpdesk(scene: Scene, website: Record) -> dict[tuple[str, ...], dict[str, Record]]:
    """Write a website's helpdesk, by table.

    Parameters
    ----------
    scene : Scene
        The website and its people.
    website : Record
        The website's name and domain.

    Returns
    -------
    dict[tuple[str, ...], dict[str, Record]]
        The records of each table, by their identifiers.
    """
    at = DATA_END - 200 * DAY
    times = {"created_at": at, "updated_at": at}
    own = new_helpdesk(f"Help of {website['name']}", website["domain"].partition(".")[0])
    locale = {"locale": "en", "locale_id": uuid_at(scene.salt, 9)} | times
    rows = [_article(scene, n, *item) | times for n, item in enumerate(_ARTICLES.items())]
    tree = {row["path"]: row for row in rows}
    feedbacks = [_feedback(scene, n, rows[1 + n % 2]) for n in range(6)]
    old = {"redirection_id": uuid_at(scene.salt, 10), "path": "/old/", "target": "/en/"} | times
    return {
        ("helpdesk",): {scene.website_id: {"website_id": scene.website_id} | own | times},
        ("helpdesk locales",): {"en": locale},
        ("helpdesk tree", "en", "articles"): tree,
        ("helpdesk feedbacks", "en", "articles"): {row["feedback_id"]: row for row in feedbacks},
        ("helpdesk redirections",): {old["redirection_id"]: old},
    }


def _article(scene: Scene, n: int, path: str, title: str) -> Record:
    row = new_page(path, title) | {"position": n, "entity_id": uuid_at(scene.salt, 20 + n)}
    row["metadata"]["state"]["published"] = True
    return row | {"content": f"# {title}\n\nAsk us in the chat."}


def _feedback(scene: Scene, n: int, article: Record) -> Record:
    salt = mix(scene.salt, 8_000 + n)
    customer = scene.customer(n)
    return {
        "feedback_id": uuid_at(salt, 0),
        "rating": "helpful" if salt % 3 else "unhelpful",
        "comment": _COMMENTS[n % len(_COMMENTS)],
        "article": {"article_id": article["entity_id"], "title": article["metadata"]["title"]},
        "session": {"nickname": customer.nickname, "email": customer.email},
        "created_at": DATA_END - n * 9 * DAY,
    }
