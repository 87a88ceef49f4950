"""Threads of messages read side by side: wall time by the number of workers, as ratios.

    python benchmarks/threads.py --conversations 160 --latency-ms 50

The sandbox waits before each answer, as a network does; requests are counted by it.
"""

from __future__ import annotations

import argparse
import sys
import time

import crisp_data as crisp
from crisp_data.sandbox import Sandbox


def main() -> int:
    """Print a line for each number of workers; 1 where eight are not seven times one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conversations", type=int, default=160)
    parser.add_argument("--latency-ms", type=int, default=50)
    asked = parser.parse_args()
    seconds: dict[int, float] = {}
    with Sandbox(seed=1, conversations=asked.conversations) as sandbox:
        sandbox.faults(operation="get_messages_in_conversation", latency_ms=asked.latency_ms)
        for workers in (1, 2, 4, 8, 16):
            ws = crisp.connect(sandbox=sandbox, workers=workers)
            conversations = ws.conversations()
            before = sandbox.stats()["requests"]
            start = time.perf_counter()
            ws.messages(conversations, refresh=True)
            seconds[workers] = time.perf_counter() - start
            requests = sandbox.stats()["requests"] - before
            ratio = seconds[1] / seconds[workers]
            print(f"{workers:>3} workers: {requests} requests, {ratio:.1f} times one")
    return 0 if seconds[1] / seconds[8] >= 7 else 1


if __name__ == "__main__":
    sys.exit(main())
