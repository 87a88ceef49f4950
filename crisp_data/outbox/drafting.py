"""What would be sent if it were confirmed: a text for each row, or why there is none."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from crisp_data import outgoing, selection
from crisp_data.errors import BadParameter
from crisp_data.outbox.checks import Checks, Rules
from crisp_data.outbox.journal import Entry, Row
from crisp_data.outbox.template import fill, text_of


@dataclass
class Draft:
    """One row of a sending.

    Attributes
    ----------
    key : str
        The message's name in its batch: the conversation, and a number from its second on.
    entry : Entry or None
        What is to be sent; None where nothing could be rendered.
    text, reason : str
        What is sent, or why nothing is.
    row : Row or None
        What an earlier call with the same batch name left of it.
    """

    key: str
    entry: Entry | None
    text: str
    reason: str
    row: Row | None = None


def draft(
    frame: pd.DataFrame,
    template: str | outgoing.Message,
    rows: Iterable[Row],
    checks: Checks,
    rules: Rules,
) -> list[Draft]:
    """Render a batch and decide who is left out.

    ``rows`` are the batch's own, of earlier calls. Only who may be written to is looked at
    more closely, for that may cost requests.
    """
    filled = fill(frame, template)
    ids = list(frame["session_id"])
    selection.session_ids(ids)
    known = {row.key: row for row in rows}
    seen: dict[str, int] = {}
    drafts = []
    for session_id, message in zip(ids, filled, strict=True):
        if not isinstance(message, outgoing.Message):
            drafts.append(Draft("", None, "", message))
            continue
        seen[session_id] = number = seen.get(session_id, 0) + 1
        key = session_id if number == 1 else f"{session_id}#{number}"
        one = Draft(key, Entry.of(message, session_id, key), text_of(message), "", known.get(key))
        one.reason = _gone(one)
        if not one.reason and number > 1 and "duplicate" not in rules.include:
            one.reason = "duplicate"
        drafts.append(one)
    left = checks.reasons(frame.loc[[not one.reason for one in drafts]], rules)
    for one, session_id in zip(drafts, ids, strict=True):
        one.reason = one.reason or left.get(session_id, "")
    return drafts


def name_of(batch: str | None, template: str | outgoing.Message) -> str:
    """Name a batch after its template where it has no name: a cell run twice sends once.

    Raises
    ------
    BadParameter
        Not a name.
    """
    if batch is None:
        text = json.dumps(template if isinstance(template, str) else template.body())
        return f"template-{hashlib.blake2b(text.encode(), digest_size=4).hexdigest()}"
    if not isinstance(batch, str) or not batch.strip():
        raise BadParameter("batch is a name, such as 'november'.")
    return batch


def _gone(one: Draft) -> str:
    """Why a message of an earlier call does not go again; empty where it did not go.

    What may have gone keeps the text that it had then.
    """
    row = one.row
    if row is None or one.entry is None or row.state in ("queued", "failed"):
        return ""
    if row.body is not None:
        content = json.loads(row.body)["content"]
        one.text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    changed = "" if row.digest == one.entry.digest else " with another text"
    if row.state == "sent":
        return f"sent{changed}:"
    return "" if row.free else f"sending{changed}: by another process"
