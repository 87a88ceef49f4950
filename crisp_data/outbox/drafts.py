"""What would be sent if it were confirmed: a text for each row, or why there is none."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from crisp_data import arguments, outgoing
from crisp_data.outbox.message_frames import moments
from crisp_data.outbox.message_record import Entry, Row
from crisp_data.outbox.recipient_checks import Checks, Rules
from crisp_data.outbox.template import content_text, fill, text_of

_WAITING = (
    "another message is still in the outbox. The next resume() sends it, unless "
    "ws.outbox.cancel(batch) drops it"
)
_HAD = "the same text was sent before under another name"


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
    tz: str,
) -> list[Draft]:
    """Render a batch and decide who is left out.

    ``rows`` are the batch's own, of earlier calls. Only who may be written to is looked at
    more closely, for that may cost requests.

    Parameters
    ----------
    frame : pandas.DataFrame
        Who is to be written to, one row per message.
    template : str or outgoing.Message
        What is to be written.
    rows : Iterable[Row]
        What the batch already holds, of earlier calls.
    checks : Checks
        Looks at conversations; may spend requests.
    rules : Rules
        Whom not to write to.
    tz : str
        The zone in which an earlier message's time is given.

    Returns
    -------
    list[Draft]
        One draft per row of the frame, in its order.
    """
    filled = fill(frame, template)
    ids = list(frame["session_id"])
    arguments.session_ids(ids)
    known = {row.key or "": row for row in rows}
    drafts = [
        Draft("", Entry.of(message, session_id) if message else None, text_of(message), reason)
        for session_id, (message, reason) in zip(ids, filled, strict=True)
    ]
    _name(drafts, known)
    for one in drafts:
        if one.entry is None:
            continue
        one.row = known.get(one.key)
        one.reason = _not_again(one, tz)
        second = one.key != one.entry.session_id
        if not one.reason and second and "duplicate" not in rules.include:
            one.reason = "duplicate"
    left = checks.reasons(frame.loc[[not one.reason for one in drafts]], rules)
    for one, session_id in zip(drafts, ids, strict=True):
        one.reason = one.reason or left.get(session_id, "")
    return drafts


def _name(drafts: list[Draft], known: Mapping[str, Row]) -> None:
    """Give each message its name in the batch.

    One whose very text an earlier call had gets that one's name, wherever its row stands now.
    Else rows that were sorted anew, or the first of which was filled since, would change their
    names, and what has gone under the one would go again under the other.
    """
    had = defaultdict(list)
    for key, row in known.items():
        had[row.session_id, row.digest].append(key)
    texts = [(one, one.entry) for one in drafts if one.entry is not None]
    for one, entry in texts:
        if keys := had[entry.session_id, entry.digest]:
            one.key = keys.pop(0)
    taken = {one.key for one, _ in texts}
    names: dict[str, Iterator[str]] = {}
    for one, entry in texts:
        free = names.setdefault(entry.session_id, _names(entry.session_id))
        one.key = one.key or next(key for key in free if key not in taken)
        one.entry = replace(entry, key=one.key)


def _names(session_id: str) -> Iterator[str]:
    """The names of a conversation's messages: its own, then with a number from the second on."""
    yield session_id
    for number in itertools.count(2):
        yield f"{session_id}#{number}"


def same_conversations(batch: str, drafts: Iterable[Draft], rows: Iterable[Row]) -> Iterator[str]:
    """Say which conversations have messages under other names: a text that was mended, say.

    Parameters
    ----------
    batch : str
        The name of the batch.
    drafts : Iterable[Draft]
        What would be sent.
    rows : Iterable[Row]
        The whole journal.

    Yields
    ------
    str
        What to warn of.
    """
    entries = [one.entry for one in drafts if one.entry and not one.reason]
    ids, texts = {one.session_id for one in entries}, {one.digest for one in entries}
    others = [row for row in rows if row.batch != batch and row.session_id in ids]
    waiting = [row for row in others if row.state not in ("sent", "failed")]
    had = [row for row in others if row.state == "sent" and row.digest in texts]
    for found, words in ((waiting, _WAITING), (had, _HAD)):
        if found:
            names = sorted({repr(row.batch) if row.batch else "ws.send" for row in found})
            number = len({row.session_id for row in found})
            yield f"For {number:,} of these conversations, {words}: {', '.join(names)}."


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
    arguments.check_text("batch", batch, "Give it a name, such as 'november'.")
    return batch.strip()


def _not_again(one: Draft, tz: str) -> str:
    """Why a message of an earlier call does not go again; empty where it did not go.

    What may have gone is shown with the text that it had then.
    """
    row = one.row
    if row is None or one.entry is None or row.state in ("queued", "failed"):
        return ""
    if row.body is not None:
        one.text = content_text(json.loads(row.body))
    changed = "" if row.digest == one.entry.digest else " with another text"
    if row.state == "sent":
        return f"sent{changed}: {moments([row.sent_at], tz)[0]:%Y-%m-%d %H:%M}"
    return "" if row.free else f"sending{changed}: by another process"
