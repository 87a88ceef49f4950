"""The benchmark of pulls runs, counts what it says it counts, and can be held to its targets."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

PULLS = Path(__file__).parents[1] / "benchmarks" / "pulls.py"


@pytest.fixture(scope="module")
def printed():
    command = [sys.executable, str(PULLS), "--conversations", "120", "--tools", "ours", "plain"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=200)
    assert "Targets:" in done.stdout, done.stdout + done.stderr
    assert done.returncode == ("FAIL" in done.stdout)
    return done.stdout


def test_every_pull_of_every_tool_is_told(printed):
    found = re.findall(
        r"^  (ours|plain) +([\d,]+) requests, ([\d.]+) of it; [\d.]+ of", printed, re.M
    )
    assert [name for name, _, _ in found] == ["ours", "plain"] * 3
    assert all(float(ratio) >= 1 for _, _, ratio in found)
    plain = [int(count.replace(",", "")) for name, count, _ in found if name == "plain"]
    assert len(set(plain)) == 1  # it asks for everything each time
    assert plain[0] > 120


def test_the_targets_that_no_size_excuses(printed):
    assert "pass  rows" in printed
    assert "pass  (b)" in printed
    assert "pass  (c)" in printed
