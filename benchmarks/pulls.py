"""A full pull and two more after it, by this project and by what one would use else.

    python benchmarks/pulls.py --conversations 2000 --latency-ms 0
    python benchmarks/pulls.py --conversations 300 --tools ours plain

(a) a first pull of all conversations and messages, (b) again after 1 % of the conversations
changed, (c) again with nothing changed. Requests are the sandbox's own count, told as a ratio
to the least that could do; time is told as a ratio to this project's. Each tool has a token
and a folder of its own, and all see the same changes. Ends with 1 where a target is missed
that the tools run can be held against.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import requests
from tools import TOOLS, Tool

from crisp_data.sandbox import Sandbox

PHASES = ("(a) first pull", "(b) 1 % changed", "(c) unchanged")
PAGE = 50  # conversations, the most that Crisp lists at a time
LEAST = """\
The least that could do: (a) 50 conversations a page and the empty page that shows the end (a
short page shows none), and every batch of every thread; (b) the pages down to the first
conversation that did not change, and the batches with what is new; (c) one page."""


@dataclass
class Spent:
    """What one pull of one tool took, and whether it then had everything."""

    requests: int
    listing: int
    seconds: float
    wrong: int


def main() -> int:
    """Print the table and the targets; 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conversations", type=int, default=2000)
    parser.add_argument("--latency-ms", type=int, default=0)
    parser.add_argument("--batch-size", type=int, default=40)
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    asked = parser.parse_args()
    names = [name for name in asked.tools if name != "dlt" or importlib.util.find_spec("dlt")]
    if names != asked.tools:
        print('dlt is not installed: pip install -e ".[bench]"')
    size = {"conversations": asked.conversations, "batch_size": asked.batch_size}
    with tempfile.TemporaryDirectory() as folder, Sandbox(seed=1, **size) as sandbox:
        tools = {name: make(sandbox, name, Path(folder) / name) for name in names}
        sandbox.faults(latency_ms=asked.latency_ms)
        least, spent = [first(sandbox, asked.batch_size)], [run(sandbox, tools)]
        changed = change(sandbox)
        least += [changed // PAGE + 1 + changed, 1]
        spent += [run(sandbox, tools), run(sandbox, tools)]
        rows = len(sandbox.truth("messages"))
    print(f"{asked.conversations:,} conversations, {rows:,} messages, {changed} changed before (b)")
    for phase, fewest, took in zip(PHASES, least, spent, strict=True):
        print(f"\n{phase:<28}{fewest:>9,} requests at least")
        for name, one in took.items():
            line = f"  {name:<10}{one.requests:>9,} requests, {one.requests / fewest:,.2f} of it"
            if "ours" in took:
                line += f"; {one.seconds / took['ours'].seconds:,.2f} of our time"
            print(line + (f"; rows missing or too many: {one.wrong}" if one.wrong else ""))
    print(f"\n{LEAST}\n\nNot done:")
    print(*(f"  {name}: {tool.lacks}" for name, tool in tools.items() if tool.lacks), sep="\n")
    return judge(least, spent)


def make(sandbox: Sandbox, name: str, folder: Path) -> Tool:
    """Set a tool up with a token and a folder of its own."""
    folder.mkdir()
    return TOOLS[name](sandbox, sandbox.token(), folder)


def first(sandbox: Sandbox, batch: int) -> int:
    """Count the least requests of a first pull, from the sandbox's truth."""
    threads = Counter(row["session_id"] for row in sandbox.truth("messages"))
    batches = sum(math.ceil(messages / batch) for messages in threads.values())
    return math.ceil(len(threads) / PAGE) + 1 + batches


def change(sandbox: Sandbox) -> int:
    """Post a message in 1 % of the conversations, with a token of its own; say in how many."""
    token = sandbox.token()
    talking = sorted({row["session_id"] for row in sandbox.truth("messages")})
    for session_id in talking[::100]:
        requests.post(
            f"{sandbox.url}website/{sandbox.website_id}/conversation/{session_id}/message",
            json={"type": "text", "from": "user", "origin": "chat", "content": "And then?"},
            auth=(token.identifier, token.key),
            headers={"X-Crisp-Tier": token.tier},
            timeout=30,
        ).raise_for_status()
    return len(talking[::100])


def run(sandbox: Sandbox, tools: dict[str, Tool]) -> dict[str, Spent]:
    """Let each tool pull once; hold what it has then against the sandbox's truth."""
    messages = {(row["session_id"], row["fingerprint"]) for row in sandbox.truth("messages")}
    conversations = {session_id for session_id, _ in messages}
    spent = {}
    for name, tool in tools.items():
        before, start = sandbox.stats(), time.perf_counter()
        tool.pull()
        seconds, after = time.perf_counter() - start, sandbox.stats()
        tool.look()
        wrong = len(messages ^ tool.messages) + len(conversations ^ tool.conversations)
        listed = [stats["by_operation"].get("list_conversations", 0) for stats in (before, after)]
        total = after["requests"] - before["requests"]
        spent[name] = Spent(total, listed[1] - listed[0], seconds, wrong)
    return spent


def judge(least: list[int], spent: list[dict[str, Spent]]) -> int:
    """Print each target with what was reached; 1 where one was missed."""
    if "ours" not in spent[0]:
        return 0
    took = [one["ours"] for one in spent]
    targets = [
        ("(a) requests of the least", took[0].requests / least[0], 1.03),
        ("(b) requests of the least", took[1].requests / least[1], 1.10),
        ("(c) requests", took[2].requests, 1),
        ("rows missing or too many", sum(one.wrong for one in took), 0),
    ]
    if "plain" in spent[0]:
        share = took[0].listing / spent[0]["plain"].listing
        targets.append(("(a) listing, of the plain loop's", share, 0.45))
    print("\nTargets:")
    for what, reached, most in targets:
        word = "pass" if reached <= most else "FAIL"
        print(f"  {word}  {what}: {reached:,.3g}, at most {most:,.3g}")
    return int(any(reached > most for _, reached, most in targets))


if __name__ == "__main__":
    sys.exit(main())
