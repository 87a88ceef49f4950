"""Who wrote each message: a customer, a person, a bot; and which events resolve."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from crisp_data.metrics.frame_checks import Flags, values

OTHER, NOTE, CUSTOMER, PERSON, BOT, RESOLVED = range(6)


def roles(messages: pd.DataFrame, bots: set[str]) -> npt.NDArray[np.int8]:
    """Give the role of each row; ``bots`` are ids or nicknames besides what is ``automated``."""
    note, event = _is(messages, "type", "note"), _is(messages, "type", "event")
    user, operator = _is(messages, "from", "user"), _is(messages, "from", "operator")
    automated = values(messages, "automated", "boolean", False)
    if bots:
        for column in ("user_id", "nickname"):
            automated = automated | messages[column].isin(bots).to_numpy(bool)
    role = np.full(len(messages), OTHER, np.int8)
    role[operator] = PERSON
    role[operator & automated] = BOT
    role[user] = CUSTOMER
    role[event] = OTHER
    role[note] = NOTE
    events = np.flatnonzero(event)
    role[events[_resolves(messages["content_json"].iloc[events])]] = RESOLVED
    return role


def _is(frame: pd.DataFrame, column: str, value: str) -> Flags:
    flags: Flags = (frame[column] == value).to_numpy(bool, na_value=False)
    return flags


def _resolves(contents: pd.Series[Any]) -> Flags:
    """Tell which contents of events resolve; few differ, so each is read once."""
    codes, texts = pd.factorize(contents)
    known = [_namespace(text) == "state:resolved" for text in texts]
    return np.array([*known, False], bool)[codes]  # -1, a missing content, is the last


def _namespace(text: Any) -> Any:
    try:
        content = json.loads(text)
    except (ValueError, TypeError):
        return None
    return content.get("namespace") if isinstance(content, dict) else None
