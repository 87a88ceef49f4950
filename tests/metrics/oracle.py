"""The definitions of `crisp_data.metrics` once more: slowly, message by message, in plain Python.

Written from the docstrings, not from the code. It reads Crisp's raw records, not frames, and
tells times and durations as milliseconds.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER, DAY = 15 * 60_000, 24 * 60 * 60_000


class Hours:
    """Open at an instant whose wall clock shows a minute of the day's opening hours."""

    def __init__(self, zone, week, holidays=()):
        self.zone, self.holidays = ZoneInfo(zone), {date.fromisoformat(day) for day in holidays}
        self.week = week  # {weekday, Monday 0: [(first minute, minute after the last)]}
        self.is_open = lru_cache(None)(self._is_open)
        self.in_steps = lru_cache(None)(self._in_steps)

    def _is_open(self, at):
        wall = (EPOCH + timedelta(milliseconds=at)).astimezone(self.zone)
        minute = 60 * wall.hour + wall.minute
        spans = self.week.get(wall.weekday(), [])
        return wall.date() not in self.holidays and any(a <= minute < b for a, b in spans)

    def between(self, start, end, step=QUARTER):
        """Add up the open milliseconds, one day of UTC after the other."""
        total, at = 0, start
        while at < end:
            until = min(end, at - at % DAY + DAY)
            whole = until - at == DAY  # which many spans share: reckoned once
            total += (self.in_steps if whole else self._in_steps)(at, until, step)
            at = until
        return total

    def _in_steps(self, start, end, step):
        """Add up the open milliseconds, one step after the other.

        Right where hours and the zone's changes fall on whole steps (of UTC).
        """
        total, at = 0, start
        while at < end:
            until = min(end, at - at % step + step)
            total += (until - at) * self.is_open(at - at % step)
            at = until
        return total


class Always:
    def between(self, start, end):
        return end - start


def person_or_bot(record, bots):
    user = record.get("user") or {}
    if record.get("automated") is True:
        return "bot"
    return "bot" if user.get("user_id") in bots or user.get("nickname") in bots else "person"


def role(record, bots):
    if record.get("type") == "note":
        return "note"
    if record.get("type") == "event":
        content = record.get("content")
        resolved = isinstance(content, dict) and content.get("namespace") == "state:resolved"
        return "resolved" if resolved else "nothing"
    if record.get("from") == "user":
        return "customer"
    return person_or_bot(record, bots) if record.get("from") == "operator" else "nothing"


class Ticket:
    def __init__(self, session_id, number):
        self.session_id, self.number = session_id, number
        self.rows = []  # (role, record)
        self.resolution = None
        self.reopenings = 0

    def times(self, *roles):
        return [record["timestamp"] for role, record in self.rows if role in roles]

    @property
    def asked_at(self):
        return min(self.times("customer"), default=None)


def conversations(records, bots=(), now=None):
    """The threads that are seen, in order: {session_id: [(role, record)]}, and now."""
    seen = [r for r in records if r.get("session_id") and r.get("timestamp") is not None]
    if now is None:
        now = max((r["timestamp"] for r in seen), default=None)
    found = {}
    for record in sorted(seen, key=lambda r: (r["timestamp"], r["fingerprint"])):
        if record["timestamp"] <= now:
            row = (role(record, set(bots)), record)
            found.setdefault(record["session_id"], []).append(row)
    return found, now


def cut(records, per="ticket", bots=(), now=None):
    found, now = conversations(records, bots, now)
    tickets = []
    for session_id, rows in found.items():
        mine = [Ticket(session_id, 1)]
        for role_, record in rows:
            if role_ == "customer" and mine[-1].resolution is not None:
                mine[-1].reopenings = 1
                mine.append(Ticket(session_id, mine[-1].number + 1))
            mine[-1].rows.append((role_, record))
            if role_ == "resolved" and mine[-1].resolution is None:
                mine[-1].resolution = record
        if per == "conversation":
            whole = Ticket(session_id, 1)
            whole.rows, whole.resolution = rows, mine[-1].resolution
            whole.reopenings = len(mine) - 1
            mine = [whole]
        tickets += mine
    return tickets, now


def writer(record):
    user = (record or {}).get("user") or {}
    return {"user_id": user.get("user_id"), "nickname": user.get("nickname")}


def answering(bots_answer):
    return ("person", "bot") if bots_answer else ("person",)


def touches(ticket, bots_answer=False):
    count, touching = 0, False
    for role_, _ in ticket.rows:
        if role_ == "customer":
            touching = False
        elif role_ in answering(bots_answer):
            count += not touching
            touching = True
    return count


def tickets(records, per="ticket", bots=(), bots_answer=False, now=None):
    rows = []
    for ticket in cut(records, per, bots, now)[0]:
        resolution = ticket.resolution or {}
        times = [record["timestamp"] for _, record in ticket.rows]
        rows.append(
            {
                "session_id": ticket.session_id,
                "ticket": ticket.number,
                "opened_at": times[0],
                "asked_at": ticket.asked_at,
                "resolved_at": resolution.get("timestamp"),
                "resolved_by": writer(resolution)["user_id"],
                "last_at": times[-1],
                "customer_messages": len(ticket.times("customer")),
                "operator_messages": len(ticket.times("person")),
                "bot_messages": len(ticket.times("bot")),
                "notes": len(ticket.times("note")),
                "touches": touches(ticket, bots_answer),
                "reopenings": ticket.reopenings,
            }
        )
    return rows


def responses(records, per="ticket", bots=(), bots_answer=False, hours=None, now=None):
    found, now = cut(records, per, bots, now)
    hours = hours or Always()
    rows = []
    for ticket in found:
        questions = []
        for role_, record in ticket.rows:
            waits = questions and questions[-1][1] is None
            if role_ == "customer" and not waits:
                questions.append([record, None])
            elif role_ in answering(bots_answer) and waits:
                questions[-1][1] = record
        for number, (question, answer) in enumerate(questions, 1):
            outcome, until = "waiting", now
            if answer is not None:
                outcome, until = "answered", answer["timestamp"]
            elif ticket.resolution is not None:
                outcome, until = "resolved", ticket.resolution["timestamp"]
            rows.append(
                {
                    "session_id": ticket.session_id,
                    "ticket": ticket.number,
                    "question": number,
                    "asked_at": question["timestamp"],
                    "answered_at": answer and answer["timestamp"],
                    **writer(answer),
                    "duration": hours.between(question["timestamp"], until),
                    "outcome": outcome,
                    "censored": outcome != "answered",
                }
            )
    return rows


def first_response(records, **options):
    rows = [row for row in responses(records, **options) if row["question"] == 1]
    return [{name: row[name] for name in row if name != "question"} for row in rows]


def resolution(records, per="ticket", bots=(), hours=None, now=None):
    found, now = cut(records, per, bots, now)
    hours = hours or Always()
    rows = []
    for ticket in found:
        if ticket.asked_at is None:
            continue
        until = ticket.resolution["timestamp"] if ticket.resolution else now
        rows.append(
            {
                "session_id": ticket.session_id,
                "ticket": ticket.number,
                "asked_at": ticket.asked_at,
                "resolved_at": ticket.resolution and until,
                **writer(ticket.resolution),
                "duration": hours.between(ticket.asked_at, until),
                "censored": ticket.resolution is None,
            }
        )
    return rows


def reopenings(records, bots=(), hours=None, now=None):
    found, _ = cut(records, "ticket", bots, now)
    hours = hours or Always()
    rows = []
    for before, after in pairwise(found):
        if before.session_id != after.session_id:
            continue
        start, end = before.resolution["timestamp"], after.rows[0][1]["timestamp"]
        rows.append(
            {
                "session_id": after.session_id,
                "ticket": after.number,
                "resolved_at": start,
                **writer(before.resolution),
                "reopened_at": end,
                "duration": hours.between(start, end),
            }
        )
    return rows


def one_touch(records, per="ticket", bots=(), bots_answer=False, now=None):
    rows = []
    for ticket in cut(records, per, bots, now)[0]:
        if ticket.asked_at is None:
            continue
        count = touches(ticket, bots_answer)
        alone = count == 1 and ticket.reopenings == 0
        rows.append(
            {
                "session_id": ticket.session_id,
                "ticket": ticket.number,
                "touches": count,
                "one_touch": alone if ticket.resolution else None,
            }
        )
    return rows


def waiting(records, bots=(), bots_answer=False, hours=None, now=None, longer_than=None):
    asked = responses(records, bots=bots, bots_answer=bots_answer, hours=hours, now=now)
    rows = [
        {
            "session_id": row["session_id"],
            "waiting_since": row["asked_at"],
            "duration": row["duration"],
        }
        for row in asked
        if row["outcome"] == "waiting" and (longer_than is None or row["duration"] > longer_than)
    ]
    return sorted(rows, key=lambda row: (-row["duration"], row["session_id"]))


@lru_cache(None)
def period_start(at, by, zone):
    """The wall clock's first moment of the period around an instant, without a zone."""
    wall = (EPOCH + timedelta(milliseconds=at)).astimezone(zone)
    day = datetime(wall.year, wall.month, wall.day)
    if by == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if by == "month" else day


def backlog(records, zone, by="day", bots=(), bots_answer=False, now=None):
    zone = ZoneInfo(zone)
    tickets_asked, now = cut(records, "ticket", bots, now)
    tickets_asked = [ticket for ticket in tickets_asked if ticket.asked_at is not None]
    if not tickets_asked:
        return []
    questions = responses(records, bots=bots, bots_answer=bots_answer, now=now)

    def period(at):
        return period_start(at, by, zone)

    ranges = [
        (period(t.asked_at), t.resolution and period(t.resolution["timestamp"]))
        for t in tickets_asked
    ]
    waits = [
        (
            period(row["asked_at"]),
            None if row["outcome"] == "waiting" else period(row["asked_at"] + row["duration"]),
        )
        for row in questions
    ]

    def lasting(spans, period):
        return sum(a <= period and not (b and b <= period) for a, b in spans)

    rows = []
    start = min(asked for asked, _ in ranges)
    while start <= period(now):
        rows.append(
            {
                "start": start,
                "opened": sum(asked == start for asked, _ in ranges),
                "resolved": sum(done == start for _, done in ranges),
                "open": lasting(ranges, start),
                "waiting": lasting(waits, start),
            }
        )
        days = {"day": 1, "week": 7, "month": 31}[by]
        start = (start + timedelta(days=days)).replace(**({"day": 1} if by == "month" else {}))
    return rows


def by_operator(records, per="ticket", bots=(), bots_answer=False, hours=None, now=None):
    found, now = cut(records, per, bots, now)
    asked = responses(records, per, bots, bots_answer, hours, now)
    people = {}

    def person(who, at):
        key = who["user_id"] if who["user_id"] is not None else ("name", who["nickname"])
        empty = {"name": [], "messages": 0, "in": set(), "took": [], "resolutions": 0}
        known = people.setdefault(key, {"user_id": who["user_id"], **empty})
        if who["nickname"] is not None:
            known["name"].append((at, who["nickname"]))
        return known

    for ticket in found:
        for role_, record in ticket.rows:
            if role_ in answering(bots_answer):
                known = person(writer(record), record["timestamp"])
                known["messages"] += 1
                known["in"].add((ticket.session_id, ticket.number))
        if ticket.resolution:
            known = person(writer(ticket.resolution), ticket.resolution["timestamp"])
            known["resolutions"] += 1
    for row in asked:
        if row["outcome"] == "answered":
            person(row, row["answered_at"])["took"].append(row["duration"])
    return [
        {
            "user_id": known["user_id"],
            "names": {name for at, name in known["name"] if at == max(known["name"])[0]},
            "messages": known["messages"],
            "tickets": len(known["in"]),
            "replies": len(known["took"]),
            "resolutions": known["resolutions"],
            "took": sorted(known["took"]),
        }
        for known in people.values()
    ]


def survival(durations, censored):
    """Kaplan and Meier, in fractions: [(duration, share not yet answered)]."""
    left, curve = Fraction(1), []
    for moment in sorted(set(durations)):
        at_risk = sum(d >= moment for d in durations)
        ended = sum(d == moment and not c for d, c in zip(durations, censored, strict=True))
        if ended:
            left *= 1 - Fraction(ended, at_risk)
            curve.append((moment, left))
    return curve


def median(durations, censored):
    for moment, left in survival(durations, censored):
        if left <= Fraction(1, 2):
            return moment
    return None


def service_level(durations, censored, within):
    known = list(zip(durations, censored, strict=True))
    answered = sum(d <= within and not c for d, c in known)
    late = sum(d > within for d, c in known)
    return {
        "questions": len(known),
        "answered": answered,
        "late": late,
        "undecided": len(known) - answered - late,
        "share": answered / (answered + late) if answered + late else None,
    }
