"""The plan of a seeded conversation: who writes when, and how it ends.

A plan holds times and roles and no text, so that drawing one costs some tens of
microseconds: 20,000 are drawn when a sandbox starts, and again whenever one is read.
Text is made from a plan on demand (`messages`, `conversations`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import log
from random import Random
from typing import NamedTuple

from .calendar import DATA_END, DAY, HOUR, MINUTE, OPERATORS, SECOND, arrivals, choose_operator
from .rng import stream, uuid4

USER = -1
BOT = -2

#: Every so many conversations there is one with several hundred messages.
LONG_EVERY, LONG_AT = 200, 7
#: In one of so many, the last text is cut in the middle of an emoji.
CUT_EVERY, CUT_AT = 31, 4
_MEDIAN_TURNS, _SPREAD = 8, 0.9

_USER_TYPES = ("text",) * 40 + ("file", "file", "audio", "animation")
_OPERATOR_TYPES = ("text",) * 40 + ("note", "note", "note", "file", "carousel", "animation")
_BOT_TYPES = ("text", "text", "picker", "field")


class Turn(NamedTuple):
    """One message to be: when, by whom (an operator's index, `USER` or `BOT`), which type."""

    timestamp: int
    who: int
    type: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is drawn at random about a seeded conversation."""

    number: int
    session_id: str
    salt: int
    customer: int
    topic: int
    operator: int
    turns: tuple[Turn, ...]
    updated_at: int

    @property
    def created_at(self) -> int:
        """When the conversation began (ms)."""
        return self.turns[0].timestamp

    @property
    def state(self) -> str:
        """What the last turn left behind: `pending` until an operator has answered."""
        if self.turns[-1].type == "event":
            return "resolved"
        return "unresolved" if any(turn.who >= 0 for turn in self.turns) else "pending"

    @property
    def waiting(self) -> list[Turn]:
        """The customer's messages that no operator has answered yet."""
        waiting: list[Turn] = []
        for turn in reversed(self.turns):
            if turn.who >= 0 and turn.type != "note":
                break
            if turn.who == USER:
                waiting.append(turn)
        return waiting[::-1]


@lru_cache(maxsize=4096)
def draw(seed: str, number: int, customers: int, weeks: int) -> Plan:
    """Draw the plan of conversation `number`; pure in its arguments, and cached.

    Parameters
    ----------
    seed : str
        The seed.
    number : int
        The conversation's number.
    customers : int
        How many customers there are.
    weeks : int
        How far back conversations reach.

    Returns
    -------
    Plan
        The plan.
    """
    rng = stream(seed, number)
    session_id = f"session_{uuid4(rng)}"
    salt = rng.getrandbits(64)
    created_at = arrivals(weeks).draw(rng)
    if number % LONG_EVERY == LONG_AT:
        length = rng.randint(150, 450)
        created_at = min(created_at, DATA_END - 21 * DAY)
    else:
        length = max(1, min(400, round(rng.lognormvariate(log(_MEDIAN_TURNS), _SPREAD))))
    operator = choose_operator(created_at, rng)
    turns = _draw_turns(created_at, operator, length, rng)
    if number % LONG_EVERY == LONG_AT:
        turns = _tie_at_batch_borders(turns)
    if number % CUT_EVERY == CUT_AT:
        turns[-1] = turns[-1]._replace(who=max(turns[-1].who, USER), type="text")
    # Some conversations change after their last message: read, tagged, looked at.
    late = rng.randrange(3) * rng.randrange(20 * MINUTE)
    return Plan(
        number=number,
        session_id=session_id,
        salt=salt,
        customer=int(customers * rng.random() ** 1.5),
        topic=min(int(rng.expovariate(0.45)), 6),
        operator=operator,
        turns=tuple(turns),
        updated_at=min(DATA_END, turns[-1].timestamp + late),
    )


def _draw_turns(at: int, operator: int, length: int, rng: Random) -> list[Turn]:
    """Let customer and operator take turns until the thread or the time is full."""
    turns = [Turn(at, USER, "text")]
    if length > 2 and rng.random() < 0.5:
        turns.append(Turn(at + 800, BOT, rng.choice(_BOT_TYPES)))
    pace = 1.0 if length < 100 else 0.05
    while len(turns) < length:
        at = _add_operator_turns(at, operator, length, pace, turns, rng)
        if at > DATA_END or len(turns) >= length:
            break
        at += int(rng.lognormvariate(log(150), 1.3) * SECOND * pace)
        if turns[-1].type == "event":
            at += int(rng.lognormvariate(log(20), 1.0) * HOUR * pace)
        for _ in range(1 + (rng.random() < 0.3)):
            turns.append(Turn(at, USER, rng.choice(_USER_TYPES)))
            at += rng.choice((0, 3, 9, 25)) * SECOND
    return [turn for turn in turns[:length] if turn.timestamp <= DATA_END] or turns[:1]


def _add_operator_turns(
    at: int, operator: int, length: int, pace: float, turns: list[Turn], rng: Random
) -> int:
    """Append an answer, a note at times, and at times the event that resolves."""
    colleague = OPERATORS[operator]
    thinking = rng.lognormvariate(log(colleague.reply_seconds), 0.8) * SECOND * pace
    at = colleague.on_shift(at + int(thinking))
    for _ in range(1 + (rng.random() < 0.35)):
        turns.append(Turn(at, operator, rng.choice(_OPERATOR_TYPES)))
        at += rng.choice((0, 4, 11, 40)) * SECOND
    ending = len(turns) >= length - 1
    if rng.random() < (0.8 if ending else 0.06):
        del turns[max(1, length - 1) :]
        at = max(at, turns[-1].timestamp) + rng.randrange(1, 90) * SECOND
        turns.append(Turn(at, operator, "event"))
    return at


def _tie_at_batch_borders(turns: list[Turn]) -> list[Turn]:
    """Give messages on both sides of each border of 20 the same timestamp."""
    tied = list(turns)
    for border in range(len(tied) - 20, 0, -20):
        tied[border - 1] = tied[border - 1]._replace(timestamp=tied[border].timestamp)
    return tied
