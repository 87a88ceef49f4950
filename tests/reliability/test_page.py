"""The page, its rows and the tests say the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap

import pytest

from tests.reliability import record
from tests.reliability.rows import ROWS, TIERS

TEXT = record.PAGE.read_text("utf-8") if record.PAGE.exists() else ""
LINES = [line.split(" | ") for line in TEXT.splitlines()[-len(ROWS) :]]


@pytest.fixture
def collected(request):
    found = request.config.stash[record.COLLECTED]
    if found is None:
        pytest.skip("a part of the suite cannot tell: run all of tests/")
    return found


@pytest.mark.parametrize("tier", TIERS)
def test_every_row_has_a_test_or_a_reason(collected, tier):
    for name, row in ROWS.items():
        assert (collected[name, tier] > 0) != (tier in row.elsewhere), name


@pytest.mark.parametrize("name", ROWS)
def test_every_row_stands_in_the_page(name):
    line = LINES[list(ROWS).index(name)]
    assert (line[0], line[3]) == (f"| {ROWS[name].done}", f"{ROWS[name].held} |")
    for tier, said in zip(TIERS, line[1:3], strict=True):
        assert said == ROWS[name].elsewhere.get(tier, said)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if not row.elsewhere])
def test_the_page_counts_the_tests_that_there_are(collected, name):
    """Else it is to be written again, as its head says."""
    line = LINES[list(ROWS).index(name)]
    for tier, said in zip(TIERS, line[1:3], strict=True):
        passed, skipped = re.match(r"([\d,]+) tests?(?: \((\d+) skipped\))?", said).groups("0")
        counted = int(passed.replace(",", "")) + int(skipped)
        assert counted == collected[name, tier], f"{tier}: pytest --write-reliability"


# The plugin itself, in a small suite of its own

SUITE = {
    "pytest.ini": "[pytest]",
    "conftest.py": """
        from pathlib import Path
        from tests.reliability import record
        record.ROOT = Path(__file__).parent
        record.PAGE = record.ROOT / "page.md"
        pytest_plugins = ["tests.reliability.record"]
        def pytest_addoption(parser):
            parser.addoption("--slow", action="store_true")
        def pytest_collection_modifyitems(config, items):
            if not config.getoption("--slow"):
                items[:] = [one for one in items if not one.get_closest_marker("slow")]
    """,
    "tests/test_it.py": """
        import pytest
        @pytest.mark.reliability("kills")
        @pytest.mark.parametrize("times", [3, pytest.param(40, marks=pytest.mark.slow)])
        def test_kills(times, reliability):
            reliability.count(times, "kills")
        @pytest.mark.reliability("kills")
        def test_skipped():
            pytest.skip("not here")
        @pytest.mark.reliability("forks")
        def test_forks():
            pass
        def test_unmarked():
            assert False
    """,
}


@pytest.fixture
def suite(tmp_path):
    for name, text in SUITE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(textwrap.dedent(text), encoding="utf-8")

    def run(*options, code=0):
        command = [sys.executable, "-m", "pytest", "-q", "--write-reliability", *options]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            # Each process would load all plugins; a test names the one that it looks at.
            env={
                **os.environ,
                "PYTHONPATH": str(record.ROOT),
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            },
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_row_that_there_is_not_is_refused(suite, tmp_path):
    edit(tmp_path / "tests" / "test_it.py", '"forks"', '"fork"')
    assert "no row 'fork' in tests/reliability/rows.py" in suite("-p", "no:xdist", code=4)


@pytest.mark.slow
def test_two_runs_make_the_page(suite, tmp_path):
    assert "the slow run is missing" in suite("-p", "xdist", "-n", "2")
    assert not (tmp_path / "page.md").exists()
    suite("-p", "xdist", "-n", "2", "--slow")
    lines = (tmp_path / "page.md").read_text("utf-8").splitlines()[-len(ROWS) :]
    kills, forks = (lines[list(ROWS).index(row)].split(" | ") for row in ("kills", "forks"))
    assert kills[1:3] == ["1 test (1 skipped); kills: 3", "1 test; kills: 40"]
    assert forks[1:3] == ["1 test", "0 tests"]


@pytest.mark.slow
def test_neither_a_part_nor_a_failure_makes_it(suite, tmp_path):
    suite("-p", "no:xdist")
    assert "wrote nothing" in suite("-p", "no:xdist", "--slow", "tests/test_it.py")
    edit(tmp_path / "tests" / "test_it.py", "reliability.count(times", "reliability.count(1 / 0")
    assert "wrote nothing" in suite("-p", "no:xdist", "--slow", code=1)
    assert not (tmp_path / "page.md").exists()
