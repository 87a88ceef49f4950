"""A plugin of pytest: which tests count to which row, what they did, and the page made of it."""

from __future__ import annotations

import platform
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test

from tests.reliability.rows import ROWS, TIERS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reliability.md"
#: How many tests were collected, by row and tier; None where it is not the whole suite.
COLLECTED = pytest.StashKey["Counter[tuple[str, str]] | None"]()
_TEST, _COUNT = "reliability", "reliability count"  # names of the properties of a report

_HEAD = """\
# Reliability

What the tests do to the package beyond ordinary use, how often, and what held. The referee is the
sandbox: its own count of requests, and its own records. The suite writes this page
(`pytest --write-reliability`, then the same with `--slow`), and only when all of these tests pass;
a test holds the page to the tests that there are. Last written by {system}.

| what is done | quick run | slow run | what held |
|---|---|---|---|
"""


class Recorder:
    """What the fixture ``reliability`` gives: a test says how often it did a thing."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def count(self, number: int, what: str) -> None:
        """Say that this test did something so many times; the same number in every run."""
        self._item.user_properties.append((_COUNT, [number, what]))


@pytest.fixture
def reliability(request: pytest.FixtureRequest) -> Recorder:
    """The place where a test says how often it did what its row is about."""
    assert request.node.get_closest_marker("reliability"), "this test has no row: mark it"
    return Recorder(request.node)


def pytest_addoption(parser: pytest.Parser) -> None:
    words = "run the tests marked reliability alone, and write docs/reliability.md"
    parser.addoption("--write-reliability", action="store_true", help=words)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "reliability(row): counts to a row of docs/reliability.md")
    if config.getoption("--write-reliability") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Writer(config))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]):
    """Count the tests of each row before any is left out, and name the row in their reports."""
    collected: Counter[tuple[str, str]] = Counter()
    marked = []
    for item in items:
        if not (marker := item.get_closest_marker("reliability")):
            continue
        (row,) = marker.args
        if row not in ROWS:
            raise pytest.UsageError(f"{item.nodeid}: no row {row!r} in tests/reliability/rows.py")
        marked.append(item)
        item.user_properties.append((_TEST, row))
        slow = bool(item.get_closest_marker("slow"))
        # A property is tried in both runs, more often in the slow one.
        both = not slow and is_hypothesis_test(getattr(item, "obj", None))
        collected.update((row, tier) for tier in TIERS if both or slow == (tier == "slow"))
    config.stash[COLLECTED] = collected if whole(config) else None
    if config.getoption("--write-reliability"):
        items[:] = marked
    yield
    if config.getoption("--write-reliability") and config.getoption("--slow"):
        items[:] = [item for item in items if item.get_closest_marker("slow")]


def whole(config: pytest.Config) -> bool:
    """Whether all tests are collected, and not those of some files alone."""
    places = [Path(config.invocation_params.dir, one.partition("::")[0]) for one in config.args]
    return any((ROOT / "tests").is_relative_to(place.resolve()) for place in places)


class Writer:
    """Adds up a run, and makes the page of it and of the last run of the other tier."""

    def __init__(self, config: pytest.Config) -> None:
        self._config, self._said = config, ""
        self._tests: dict[str, Counter[str]] = defaultdict(Counter)
        self._counts: dict[str, Counter[str]] = defaultdict(Counter)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a report; with pytest-xdist it comes from another process."""
        properties = [one for one in report.user_properties if one[0] in (_TEST, _COUNT)]
        if not properties or not (report.skipped or (report.when == "call" and report.passed)):
            return
        (_, row), *counts = properties
        self._tests[row]["skipped" if report.skipped else "passed"] += 1
        for _, (number, what) in counts:
            self._counts[row][what] += number

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Keep what the run found, and write the page where both runs have been."""
        if exitstatus != pytest.ExitCode.OK or not whole(self._config):
            self._said = "nothing: some tests failed, or not all of them were run"
            return
        tier = "slow" if self._config.getoption("--slow") else "quick"
        found = {row: {"tests": self._tests[row], "counts": self._counts[row]} for row in ROWS}
        self._config.cache.set(f"reliability/{tier}", found)
        runs = {tier: self._config.cache.get(f"reliability/{tier}", None) for tier in TIERS}
        if missing := [tier for tier, run in runs.items() if run is None]:
            self._said = f"nothing yet: the {missing[0]} run is missing"
            return
        PAGE.write_text(page(runs), encoding="utf-8", newline="\n")
        self._said = str(PAGE)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        terminalreporter.write_line(f"Reliability: wrote {self._said}")


def page(runs: dict[str, dict[str, dict[str, dict[str, int]]]]) -> str:
    """Write the page of a quick and a slow run."""
    system = f"CPython {'.'.join(platform.python_version_tuple()[:2])} on {platform.system()}"
    lines = [
        f"| {row.done} | {_cell(name, 'quick', runs)} | {_cell(name, 'slow', runs)} | {row.held} |"
        for name, row in ROWS.items()
    ]
    return _HEAD.format(system=system) + "\n".join(lines) + "\n"


def _cell(name: str, tier: str, runs: dict[str, dict[str, dict[str, dict[str, int]]]]) -> str:
    """Say how many tests of a row passed in a run, and what they counted."""
    if tier in ROWS[name].elsewhere:
        return ROWS[name].elsewhere[tier]
    found = runs[tier].get(name, {"tests": {}, "counts": {}})
    passed, skipped = (found["tests"].get(how, 0) for how in ("passed", "skipped"))
    first = tests(passed) + (f" ({skipped} skipped)" if skipped else "")
    counts = [f"{what}: {number:,}" for what, number in sorted(found["counts"].items())]
    return "; ".join([first, *counts])


def tests(number: int) -> str:
    """Say a number of tests as the page does."""
    return f"{number:,} test{'' if number == 1 else 's'}"
