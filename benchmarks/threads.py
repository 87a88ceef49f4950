"""Threads of messages read side by side: wall time by the number of workers, as ratios.

    python benchmarks/threads.py --conversations 480 --latency-ms 50

The sandbox waits before each answer, as a network does, and runs in a process of its own, as
a service does; requests are counted by it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

import crisp_data as crisp


@contextmanager
def served(conversations: int, latency_ms: int) -> Iterator[dict[str, Any]]:
    """Run a sandbox beside this process; gives what leads there."""
    size = ["--conversations", str(conversations)]
    command = [sys.executable, "-m", "crisp_data", "sandbox", *size]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        card = json.loads(process.stdout.readline())
        slow = {"operation": "get_messages_in_conversation", "latency_ms": latency_ms}
        requests.post(f"{card['host']}/_sandbox/faults", json=slow, timeout=10).raise_for_status()
        try:
            yield card
        finally:
            process.terminate()


def main() -> int:
    """Print a line for each number of workers; 1 where eight are not seven times one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conversations", type=int, default=480)
    parser.add_argument("--latency-ms", type=int, default=50)
    asked = parser.parse_args()
    seconds: dict[int, float] = {}
    with (
        served(asked.conversations, asked.latency_ms) as card,
        tempfile.TemporaryDirectory() as folder,
    ):
        token = {name: card[name] for name in ("identifier", "key", "tier")}
        where = {"base_url": card["url"], "cache_dir": Path(folder), "state_dir": Path(folder)}

        def spent() -> int:
            stats = requests.get(f"{card['host']}/_sandbox/stats", timeout=10).json()
            return int(stats["requests"])

        for workers in (1, 2, 4, 8, 16):
            ws = crisp.connect(
                card["website_id"], **token, **where, workers=workers, progress=False
            )
            conversations = ws.conversations()
            before = spent()
            start = time.perf_counter()
            ws.messages(conversations, refresh=True)
            seconds[workers] = time.perf_counter() - start
            ratio = seconds[1] / seconds[workers]
            print(f"{workers:>3} workers: {spent() - before} requests, {ratio:.1f} times one")
    return 0 if seconds[1] / seconds[8] >= 7 else 1


if __name__ == "__main__":
    sys.exit(main())
