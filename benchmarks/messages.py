"""`ws.messages`, cold and warm: wall time as ratios to another checkout, and to a plain loop.

    python benchmarks/messages.py --other 6f58654      # a commit of this repository, or a folder

Cold: nothing is cached, and the sandbox answers at once. Warm: the same line again. Each run is a
process of its own with folders of its own, and the checkouts take turns; the median counts. The
plain loop keeps nothing, counts nothing and makes no frame.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

from startup import HERE, checkout, served

TARGETS = {"cold": 0.6, "warm": 0.4}
OURS = """
import json, sys, tempfile, time
import crisp_data as crisp
card = json.loads(sys.argv[1])
token = {name: card[name] for name in ("identifier", "key", "tier")}
found = {}
with tempfile.TemporaryDirectory() as folder:
    where = {"base_url": card["url"], "cache_dir": folder, "state_dir": folder}
    ws = crisp.connect(card["website_id"], **token, **where, progress=False)
    ids = list(ws.conversations()["session_id"])
    for name in ("cold", "warm"):
        start = time.perf_counter()
        rows = len(ws.messages(ids))
        found[name] = time.perf_counter() - start
print(json.dumps(found))
"""
PLAIN = """
import json, sys, time
import requests
card = json.loads(sys.argv[1])
session = requests.Session()
session.auth = card["identifier"], card["key"]
session.headers["X-Crisp-Tier"] = card["tier"]
site = card["url"] + "website/" + card["website_id"] + "/"
ids, number = [], 1
while page := session.get(site + f"conversations/{number}", params={"per_page": 50}).json()["data"]:
    ids += [row["session_id"] for row in page]
    number += 1
start = time.perf_counter()
for session_id in ids:
    asked = {}
    while True:
        answer = session.get(site + f"conversation/{session_id}/messages", params=asked)
        batch = answer.json()["data"]
        if answer.status_code != 206:
            break
        asked["timestamp_before"] = min(message["timestamp"] for message in batch)
print(json.dumps({"plain": time.perf_counter() - start}))
"""


def run(code: str, card: str, root: Path) -> dict[str, float]:
    """Run code on a checkout in a process of its own; gives the seconds that it prints."""
    command = [sys.executable, "-c", code, card]
    where = {**os.environ, "PYTHONPATH": str(root)}
    ended = subprocess.run(command, env=where, cwd=root, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(ended.stdout)
    return found


def main() -> int:
    """Print the ratios; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--other", default="6f58654", help="a commit, or a folder of a checkout")
    parser.add_argument("--conversations", type=int, default=300)
    parser.add_argument("--runs", type=int, default=7, help="of each; the median counts")
    asked = parser.parse_args()
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    with checkout(asked.other) as other, served(asked.conversations) as card:
        for number in range(asked.runs + 1):
            for name, code, root in (
                ("ours", OURS, HERE), ("other", OURS, other), ("", PLAIN, HERE)
            ):  # fmt: skip
                found = run(code, card, root)
                for kind, spent in found.items() if number else ():  # the first wrote the bytecode
                    seconds[f"{name} {kind}".strip()].append(spent)
    middle = {name: median(found) for name, found in seconds.items()}
    met = True
    for kind, most in TARGETS.items():
        ratio = middle[f"ours {kind}"] / middle[f"other {kind}"]
        met &= ratio <= most
        word = "pass" if ratio <= most else "FAIL"
        print(f"{word}  {kind}: {ratio:.2f} of the other's wall time (at most {most})")
    print(f"      a plain loop: {middle['plain'] / middle['ours cold']:.2f} of ours cold")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
