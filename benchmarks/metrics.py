"""Response times over a million messages: against groupby.apply and DuckDB, as ratios of one run.

    python benchmarks/metrics.py                       # a million messages, about a minute
    python benchmarks/metrics.py --messages 200000

Threads come from the sandbox, many times over, in the order in which a pull gives them. All
answer the same question, and their answers are compared first: when was each question asked
(tickets cut or not), when did a person answer, who, and after how long. groupby.apply, Python
once for each conversation, is timed on a sample and scaled; DuckDB reads the same frame, with
all cores, and gives a frame. Time is the best of the runs, taken in turn.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator

import duckdb
import pandas as pd

from crisp_data import metrics, tables
from crisp_data.sandbox import Sandbox

SEEDED = 4_000  # conversations of the sandbox; more are these again under other names
SAMPLE = 2_000  # conversations that groupby.apply is timed on
ORDER = ["session_id", "timestamp", "fingerprint"]
ANSWER = ["session_id", "ticket", "asked_at", "answered_at", "user_id", "duration"]

# The definitions in DuckDB's words. A ticket opens with the customer's first message since
# which there are more resolutions than there were at the one before.
SAID = """
WITH said AS (
    SELECT session_id, "timestamp" AS moment, fingerprint, user_id,
        CASE WHEN type = 'event' THEN
            CASE WHEN content_json->>'namespace' = 'state:resolved' THEN 'r' END
        WHEN type = 'note' THEN NULL
        WHEN "from" = 'user' THEN 'c'
        WHEN "from" = 'operator' AND NOT coalesce(automated, false) THEN 'p' END AS role
    FROM messages WHERE session_id IS NOT NULL AND "timestamp" IS NOT NULL
)"""
CUT = """, counted AS (
    SELECT *, count(*) FILTER (role = 'r') OVER thread AS resolved FROM said
    WHERE role IS NOT NULL
    WINDOW thread AS (PARTITION BY session_id ORDER BY moment, fingerprint
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
), opening AS (
    SELECT *, role = 'c' AND resolved > coalesce(max(CASE role WHEN 'c' THEN resolved END)
        OVER (PARTITION BY session_id ORDER BY moment, fingerprint
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS opens FROM counted
), cut AS (
    SELECT *, 1 + count(*) FILTER (opens) OVER (PARTITION BY session_id ORDER BY moment, fingerprint
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS ticket FROM opening
)"""
WHOLE = ", cut AS (SELECT *, 1 AS ticket FROM said)"
ANSWERED = """, turns AS (
    SELECT * FROM cut WHERE role IN ('c', 'p')
    QUALIFY role IS DISTINCT FROM
        lag(role) OVER (PARTITION BY session_id, ticket ORDER BY moment, fingerprint)
), paired AS (
    SELECT session_id, ticket, role, moment AS asked_at, lead(moment) OVER thread AS answered_at,
        lead(user_id) OVER thread AS user_id
    FROM turns
    WINDOW thread AS (PARTITION BY session_id, ticket ORDER BY moment, fingerprint)
)
SELECT session_id, ticket, asked_at, answered_at, user_id,
    coalesce(answered_at, (SELECT max("timestamp") FROM messages)) - asked_at AS duration
FROM paired WHERE role = 'c'"""
QUERIES = {"ticket": SAID + CUT + ANSWERED, "conversation": SAID + WHOLE + ANSWERED}


def many(rows: int) -> pd.DataFrame:
    """Draw so many messages of whole threads."""
    builder = tables.Builder("messages")
    records = Sandbox(seed=1, conversations=SEEDED).truth("messages")
    builder.add(json.dumps({"data": records}).encode())
    one = builder.frame()
    copies = [
        one.assign(session_id=one["session_id"] + f"-{number}")
        for number in range(-(-rows // len(one)))
    ]
    return pd.concat(copies, ignore_index=True).head(rows)


def applied(messages: pd.DataFrame, per: str) -> pd.DataFrame:
    """What analysts write: a loop over each conversation, by groupby.apply."""

    def answers(thread: pd.DataFrame) -> pd.DataFrame:
        rows, ticket, resolved, open_ = [], 1, False, None
        for row in thread.sort_values(ORDER).itertuples():
            if row.type == "event":
                content = json.loads(row.content_json)
                resolved |= content["namespace"] == "state:resolved"
            elif row.type == "note":
                continue
            elif row.sender == "user":
                if resolved and per == "ticket":
                    ticket, open_ = ticket + 1, None
                resolved = False
                if open_ is None:
                    open_ = [ticket, row.timestamp, pd.NaT, None]
                    rows.append(open_)
            elif not row.automated and open_ is not None:
                open_[2:] = row.timestamp, row.user_id
                open_ = None
        return pd.DataFrame(rows, columns=["ticket", "asked_at", "answered_at", "user_id"])

    renamed = messages.rename(columns={"from": "sender"})
    found = renamed.groupby("session_id", sort=False)[list(renamed)].apply(answers)
    found = found.reset_index("session_id").reset_index(drop=True)
    for column in ("asked_at", "answered_at"):
        found[column] = found[column].astype(messages["timestamp"].dtype)
    end = found["answered_at"].fillna(messages["timestamp"].max())
    return found.assign(duration=end - found["asked_at"])


def vectorised(messages: pd.DataFrame, per: str) -> pd.DataFrame:
    """What this package does."""
    return metrics.responses(messages, per=per)


def queried(messages: pd.DataFrame, per: str) -> pd.DataFrame:
    """The same question to DuckDB, which finds the frame by its name."""
    return duckdb.sql(QUERIES[per]).df()


def same(*answers: pd.DataFrame) -> bool:
    """Whether all say the same; what a resolution ended has no answer, and no duration here."""

    def plain(answer: pd.DataFrame) -> pd.DataFrame:
        found = answer[ANSWER].sort_values(ANSWER[:1] + ANSWER[2:4], ignore_index=True)
        found["duration"] = found["duration"].where(found["answered_at"].notna())
        for column in ("asked_at", "answered_at"):
            found[column] = found[column].dt.tz_convert("UTC").dt.as_unit("ms")
        kinds = {"ticket": "int64", "duration": "m8[ms]", "session_id": "str", "user_id": "str"}
        return found.astype(kinds)

    first, *others = map(plain, answers)
    return all(first.equals(other) for other in others)


def timed(way: Callable[..., object], *arguments: object) -> float:
    """Give the seconds of one run."""
    start = time.perf_counter()
    way(*arguments)
    return time.perf_counter() - start


def compare(messages: pd.DataFrame, runs: int) -> Iterator[bool]:
    """Print the ratios and say whether each meets its target."""
    ids = messages["session_id"].drop_duplicates()
    sample = messages[messages["session_id"].isin(ids.head(SAMPLE))]
    for per in ("ticket", "conversation"):
        assert same(*(way(sample, per) for way in (applied, vectorised, queried)))
        assert same(vectorised(messages, per), queried(messages, per))
        both = (vectorised, queried)
        times = [[timed(way, messages, per) for way in both] for _ in range(runs)]
        ours, theirs = (min(way) for way in zip(*times, strict=True))
        loop = timed(applied, sample, per) * len(messages) / len(sample)
        print(f"\nper {per}: {ours:.2f} s, DuckDB {theirs:.2f} s, groupby.apply {loop:.0f} s")
        faster, share = loop / ours, ours / theirs
        for line, met in [
            (f"{faster:.0f} times as fast as groupby.apply (at least 200)", faster >= 200),
            (f"{share:.2f} of the time of DuckDB (at most 1.2)", share <= 1.2),
        ]:
            print(f"  {'pass' if met else 'FAIL'}  {line}")
            yield met


def main() -> int:
    """Compare the three; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5, help="of each way; the best counts")
    parser.add_argument("--shuffle", action="store_true", help="rows in no order at all")
    asked = parser.parse_args()
    messages = many(asked.messages)
    if asked.shuffle:
        messages = messages.sample(frac=1, random_state=1, ignore_index=True)
    print(f"{len(messages):,} messages, {messages['session_id'].nunique():,} conversations")
    return 0 if all(list(compare(messages, asked.runs))) else 1


if __name__ == "__main__":
    sys.exit(main())
