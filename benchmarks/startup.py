"""How light the package starts: CPU time of whole processes, as ratios to another checkout.

    python benchmarks/startup.py --other 6f58654      # a commit of this repository, or a folder
    python benchmarks/startup.py --other 6f58654 --python /path/to/venv/bin/python

Both run with the same interpreter and libraries, in turn, so that a busy moment hits both alike;
the median counts. The interpreter's own time is in both. Bytecode is written to a folder of the
benchmark's, in a first run that is not counted. The frame is read from a sandbox that runs beside.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parents[1]

# What the installed script runs, by where its checkout has it.
SCRIPT = "import sys; sys.argv[0] = 'crisp-data'; from crisp_data.{} import main; main()"
FRAME = """
import json, sys, tempfile
import crisp_data as crisp
card = json.loads(sys.argv[1])
token = {name: card[name] for name in ("identifier", "key", "tier")}
with tempfile.TemporaryDirectory() as folder:
    where = {"base_url": card["url"], "cache_dir": folder, "state_dir": folder}
    ws = crisp.connect(card["website_id"], **token, **where, progress=False)
    assert len(ws.conversations(limit=50)) == 50
"""
TARGETS = {"--help": 0.35, "--version": 0.35, "completion": 0.35, "a frame of 50 rows": 0.7}
COMPLETION = {
    "_CRISP_DATA_COMPLETE": "bash_complete",
    "COMP_WORDS": "crisp-data exp",
    "COMP_CWORD": "1",
}


@contextmanager
def checkout(other: str) -> Iterator[Path]:
    """Give the folder of a checkout: itself, or a commit's files in a temporary one."""
    if (Path(other) / "crisp_data").is_dir():
        yield Path(other).resolve()
        return
    archive = subprocess.run(
        ["git", "-C", str(HERE), "archive", other, "crisp_data"], capture_output=True, check=True
    )
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder)


@contextmanager
def served(conversations: int = 200) -> Iterator[str]:
    """Run a sandbox beside this process; gives what leads there, as JSON."""
    size = ["--conversations", str(conversations)]
    command = [sys.executable, "-m", "crisp_data", "sandbox", *size]
    where = {**os.environ, "PYTHONPATH": str(HERE)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=where) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline()
        finally:
            process.terminate()


def cpu(command: list[str], environment: Mapping[str, str]) -> float:
    """Run a process to its end; the seconds of CPU that it took, its start and end included."""
    where = {**os.environ, **environment}
    where.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(command, env=where, cwd=folder, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[-3:]} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def code(root: Path, start: str, card: str) -> list[str]:
    """Give what Python runs: a program and its arguments."""
    if start not in ("--help", "--version", "completion"):
        return [FRAME, card]
    guarded = "def main" in (root / "crisp_data" / "__main__.py").read_text("utf-8")
    script = SCRIPT.format("__main__" if guarded else "cli")
    return [script] if start == "completion" else [script, start]


def main() -> int:
    """Print the ratio of each start; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--other", default="6f58654", help="a commit, or a folder of a checkout")
    parser.add_argument("--python", default=sys.executable, help="the interpreter that runs both")
    parser.add_argument("--runs", type=int, default=15, help="of each; the median counts")
    asked = parser.parse_args()
    met = True
    with (
        checkout(asked.other) as other,
        served() as card,
        tempfile.TemporaryDirectory() as bytecode,
    ):
        for start, most in TARGETS.items():
            seconds: dict[Path, list[float]] = {HERE: [], other: []}
            for number in range(asked.runs + 1):
                for root, found in seconds.items():
                    where = {"PYTHONPATH": str(root), "PYTHONPYCACHEPREFIX": bytecode}
                    more = COMPLETION if start == "completion" else {}
                    spent = cpu([asked.python, "-c", *code(root, start, card)], where | more)
                    if number:  # the first wrote the bytecode
                        found.append(spent)
            ratio = median(seconds[HERE]) / median(seconds[other])
            met &= ratio <= most
            word = "pass" if ratio <= most else "FAIL"
            print(f"{word}  {start:<20}{ratio:.2f} of the other's CPU time (at most {most})")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
