"""The day's ledger: exact among threads, processes and ledgers, and at the turn of the day."""

from __future__ import annotations

import multiprocessing
import os
import re
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crisp_data.errors import BadParameter, CrispError, QuotaExceeded
from crisp_data.local import database_opening
from crisp_data.local.forks import PerProcess
from crisp_data.quota.ledger import Ledger

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC).timestamp()


class Clock:
    """A clock that stands where it is put."""

    def __init__(self, time: float = NOON) -> None:
        self.time = time

    def __call__(self) -> float:
        return self.time

    def set(self, text: str) -> None:
        self.time = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Callable[..., Ledger]:
    def make(limit: int = 10, account: str = "a", **options: object) -> Ledger:
        options.setdefault("reserve_for_writes", 0)
        return Ledger(tmp_path / "quota.sqlite", account, limit, now=clock, **options)

    return make


def spend(ledger: Ledger, tries: int, operation: str = "list", write: bool = False) -> int:
    """Reserve so often; return how many were granted."""
    granted = 0
    for _ in range(tries):
        try:
            ledger.reserve(operation, write=write)
        except QuotaExceeded:
            continue
        granted += 1
    return granted


def test_a_day_has_exactly_its_limit(make: Callable[..., Ledger]) -> None:
    ledger = make(10)
    assert (ledger.used, ledger.left) == (0, 10)
    assert spend(ledger, 9) == 9
    assert (ledger.used, ledger.left) == (9, 1)
    assert spend(ledger, 5) == 1
    assert (ledger.used, ledger.left) == (10, 0)


def test_what_is_spent_is_told_with_the_way_on(make: Callable[..., Ledger]) -> None:
    ledger = make(3)
    spend(ledger, 3)
    with pytest.raises(QuotaExceeded) as caught:
        ledger.reserve("list")
    error = caught.value
    assert (error.needed, error.left, error.limit) == (1, 0, 3)
    assert error.resets_at == ledger.resets_at == datetime(2026, 11, 3, tzinfo=UTC)
    assert error.partial is None
    assert "2026-11-03 00:00 UTC" in str(error)
    assert ledger.used == 3


def test_reads_leave_what_is_reserved_for_writes(make: Callable[..., Ledger]) -> None:
    ledger = make(100, reserve_for_writes=0.1)
    assert ledger.reserved_for_writes == 10
    assert spend(ledger, 200) == 90
    assert ledger.left == 10
    assert spend(ledger, 200, write=True) == 10
    assert (ledger.used, ledger.left) == (100, 0)


def test_writes_are_not_confined_to_what_is_kept(make: Callable[..., Ledger]) -> None:
    assert spend(make(100, reserve_for_writes=0.1), 200, write=True) == 100


def test_two_per_cent_are_kept_unless_said_otherwise(tmp_path: Path) -> None:
    assert Ledger(tmp_path / "q", "a", 5_000).reserved_for_writes == 100


def test_a_reservation_that_was_not_sent_is_given_back(make: Callable[..., Ledger]) -> None:
    ledger = make(2)
    reservation = ledger.reserve("list")
    ledger.reserve("get")
    ledger.release(reservation)
    assert (ledger.used, ledger.by_operation()) == (1, {"get": 1})
    assert spend(ledger, 5) == 1


def test_what_is_given_back_late_goes_to_the_day_it_came_from(
    make: Callable[..., Ledger], clock: Clock
) -> None:
    ledger = make(5)
    clock.set("2026-11-02 23:00")
    reservation = ledger.reserve("list")
    clock.set("2026-11-03 01:00")
    ledger.reserve("list")
    ledger.release(reservation)
    assert ledger.used == 1
    assert ledger._file.used("2026-11-02") == 0


def test_operations_are_told_most_used_first(make: Callable[..., Ledger]) -> None:
    ledger = make(20)
    for operation, count in (("b", 2), ("a", 2), ("c", 5)):
        spend(ledger, count, operation)
    assert list(ledger.by_operation().items()) == [("c", 5), ("a", 2), ("b", 2)]


def test_tokens_are_counted_apart_and_ledgers_of_one_token_together(
    make: Callable[..., Ledger],
) -> None:
    first, again, other = make(5), make(5), make(5, account="b")
    spend(first, 3)
    assert (first.used, again.used, other.used) == (3, 3, 0)
    assert spend(again, 9) == 2
    assert spend(other, 9) == 5


def test_a_day_ends_at_its_hour(make: Callable[..., Ledger], clock: Clock) -> None:
    ledger = make(5, reset_hour=7)
    clock.set("2026-11-02 06:59:00")
    assert ledger.resets_at == datetime(2026, 11, 2, 7, tzinfo=UTC)
    assert spend(ledger, 9) == 5
    clock.set("2026-11-02 07:01:00")
    assert (ledger.used, ledger.by_operation()) == (0, {})
    assert ledger.resets_at == datetime(2026, 11, 3, 7, tzinfo=UTC)
    assert spend(ledger, 9) == 5
    clock.set("2026-11-03 06:59:00")
    assert ledger.used == 5


@pytest.mark.parametrize("reset_hour", [0, 7])
@pytest.mark.parametrize("seconds", [-4.9, 0, 4.9])
def test_both_days_are_charged_at_their_border(
    make: Callable[..., Ledger], clock: Clock, seconds: float, reset_hour: int
) -> None:
    ledger = make(5, reset_hour=reset_hour)
    border = datetime(2026, 11, 3, reset_hour, tzinfo=UTC).timestamp()
    clock.time = border + seconds
    days = ledger.reserve("list").days
    assert days == ["2026-11-02", "2026-11-03"]
    assert [ledger._file.used(day) for day in days] == [1, 1]
    clock.time = border + 3600
    assert (ledger.used, ledger.by_operation()) == (1, {"list": 1})


@pytest.mark.parametrize("seconds", [-6, 6])
def test_one_day_is_charged_otherwise(
    make: Callable[..., Ledger], clock: Clock, seconds: float
) -> None:
    clock.time = datetime(2026, 11, 3, tzinfo=UTC).timestamp() + seconds
    assert len(make().reserve("list").days) == 1


def test_at_the_border_the_fuller_day_decides(make: Callable[..., Ledger], clock: Clock) -> None:
    ledger = make(5)
    clock.set("2026-11-02 12:00")
    spend(ledger, 5)
    clock.set("2026-11-03 00:00:02")  # by Crisp's clock it may still be yesterday
    with pytest.raises(QuotaExceeded):
        ledger.reserve("list")
    clock.set("2026-11-03 00:00:06")
    assert spend(ledger, 9) == 5


def test_a_reservation_at_the_border_is_given_back_to_both(
    make: Callable[..., Ledger], clock: Clock
) -> None:
    ledger = make(5)
    clock.set("2026-11-03 00:00:02")
    ledger.release(ledger.reserve("list"))
    for moment in ("2026-11-02 12:00", "2026-11-03 12:00"):
        clock.set(moment)
        assert (ledger.used, ledger.by_operation()) == (0, {})


@pytest.mark.parametrize("limit", [0, -1, True, 10.5, float("nan"), "10", None])
def test_a_limit_is_a_whole_number(limit: object, tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="whole number"):
        Ledger(tmp_path / "q", "a", limit)


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, float("nan")])
def test_a_share_is_less_than_everything(share: float, tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="share"):
        Ledger(tmp_path / "q", "a", 10, reserve_for_writes=share)


@pytest.mark.parametrize("hour", [-1, 24])
def test_an_hour_is_one_of_the_day(hour: int, tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="hour"):
        Ledger(tmp_path / "q", "a", 10, reset_hour=hour)


def test_a_ledger_tells_where_the_day_went(make: Callable[..., Ledger]) -> None:
    ledger = make(5_000, reserve_for_writes=0.02)
    spend(ledger, 3, "list_conversations")
    assert repr(ledger) == (
        "3 of 5,000 requests used today, 4,997 left (100 reserved for writes)\n"
        "resets at 2026-11-03 00:00 UTC\n"
        "        3  list_conversations"
    )


@pytest.mark.needs("modes")
def test_a_ledger_is_private(make: Callable[..., Ledger], tmp_path: Path) -> None:
    make().reserve("list")
    files = list(tmp_path.iterdir())
    assert len(files) >= 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_count_survives_a_crash(tmp_path: Path) -> None:
    """A process that is killed has already written down what it was about to send."""
    context = multiprocessing.get_context("fork" if hasattr(os, "fork") else "spawn")
    child = context.Process(target=_die, args=(tmp_path / "q",), daemon=True)
    child.start()
    child.join(60)
    assert child.exitcode == 9
    assert Ledger(tmp_path / "q", "a", 10, now=Clock()).used == 3


def _die(path: Path) -> None:
    spend(Ledger(path, "a", 10, now=Clock()), 3)
    os._exit(9)


# Many at once

LIMIT, KEPT = 1_000, 20


def test_threads_together_are_granted_exactly_the_limit(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "q", "a", LIMIT, now=Clock())
    with ThreadPoolExecutor(8) as pool:
        granted = sum(pool.map(lambda _: spend(ledger, 200), range(8)))
    assert granted == LIMIT - KEPT
    assert ledger.used == LIMIT - KEPT == sum(ledger.by_operation().values())


def test_another_thread_that_opens_the_file_does_not_drop_our_lock(tmp_path: Path) -> None:
    """A lock lost here lets the next process that closes the file remove its log under us."""
    path = tmp_path / "q"
    ledger = Ledger(path, "a", LIMIT, now=Clock())
    ledger.reserve("list")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(lambda: ledger.used).result()
    other = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "db.execute('UPDATE day SET used = used + 1'); db.close(); "
        "print(sqlite3.connect(sys.argv[1]).execute('SELECT used FROM day').fetchone()[0])"
    )

    def elsewhere() -> int:
        ran = subprocess.run(
            [sys.executable, "-c", other, str(path)], capture_output=True, check=True
        )
        return int(ran.stdout)

    assert elsewhere() == ledger.used == 2
    ledger.reserve("list")
    assert elsewhere() == ledger.used == 4


def test_ledgers_that_open_at_once_agree(tmp_path: Path) -> None:
    barrier = threading.Barrier(8, timeout=60)

    def work(number: int) -> int:
        barrier.wait()
        ledger = Ledger(tmp_path / "q", "a", 100, reserve_for_writes=0, now=Clock())
        return spend(ledger, 30, f"operation {number}")

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 100


def _work(path: Path, start: object, answers: object) -> None:
    assert start.wait(60)
    ledger = Ledger(path, "a", LIMIT, now=Clock())
    granted = 0
    for _ in range(8):  # threads that end and begin: connections are closed while others work
        with ThreadPoolExecutor(4) as pool:
            granted += sum(pool.map(lambda _: spend(ledger, 12), range(4)))
    answers.put(granted)


@pytest.mark.reliability("forks")
@pytest.mark.parametrize(
    "method",
    [
        pytest.param("spawn", marks=pytest.mark.slow),
        pytest.param("fork", marks=pytest.mark.needs("fork")),
    ],
)
def test_processes_together_are_granted_exactly_the_limit(method: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context(method)
    start, answers = context.Event(), context.Queue()
    workers = [
        context.Process(target=_work, args=(tmp_path / "q", start, answers), daemon=True)
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    start.set()
    granted = sum(answers.get(timeout=60) for _ in workers)
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert granted == LIMIT - KEPT
    assert Ledger(tmp_path / "q", "a", LIMIT, now=Clock()).used == LIMIT - KEPT


@pytest.mark.reliability("forks")
@pytest.mark.needs("fork")
def test_a_ledger_goes_on_in_both_after_a_fork(tmp_path: Path) -> None:
    """A connection that is open in the parent must not be used by its children."""
    ledger = Ledger(tmp_path / "q", "a", 300, reserve_for_writes=0, now=Clock())
    ledger.reserve("parent")
    with ledger._file.connection() as opened:
        pass
    context = multiprocessing.get_context("fork")
    answers = context.Queue()

    def work() -> None:
        with ledger._file.connection() as own:
            answers.put((own is not opened, spend(ledger, 100, "child")))

    workers = [context.Process(target=work, daemon=True) for _ in range(3)]
    for worker in workers:
        worker.start()
    mine = spend(ledger, 100, "parent")
    theirs = [answers.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert all(anew for anew, _ in theirs)
    assert 1 + mine + sum(granted for _, granted in theirs) == 300
    assert ledger.used == 300
    assert sqlite3.connect(tmp_path / "q").execute("PRAGMA integrity_check").fetchone() == ("ok",)


# What a reader sees


def test_the_meter_shows_what_the_ledger_knows(make: Callable[..., Ledger]) -> None:
    ledger = make(200, reserve_for_writes=0.1)
    spend(ledger, 50, "list_conversations")
    spend(ledger, 30, "<script>alert(1)</script>")
    shown = ledger._repr_html_()
    assert shown == ledger._repr_html_()
    assert "80 of 200 requests used today, 120 left (20 reserved for writes)" in shown
    assert "resets at 2026-11-03 00:00 UTC" in shown
    assert "aria-label='80 used, 100 left, 20 reserved'" in shown
    widths = [float(width) for width in re.findall(r"width:([\d.]+)%;background", shown)]
    assert widths == [40, 50, 10]
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert "http" not in shown  # nothing is fetched
    assert shown.index("50</td>") < shown.index("30</td>")


@pytest.mark.parametrize("used", [0, 8, 9, 10, 15])
def test_a_meter_is_never_wider_than_whole(make: Callable[..., Ledger], used: int) -> None:
    """A lowered limit leaves more used than there is."""
    spend(make(15), used, write=True)
    shown = make(10, reserve_for_writes=0.2)._repr_html_()
    widths = [float(width) for width in re.findall(r"width:([\d.]+)%;background", shown)]
    assert 0 <= sum(widths) <= 100
    assert widths[0] == min(100, 10 * used)


def test_a_closed_day_is_shown(make: Callable[..., Ledger]) -> None:
    ledger = make(10)
    spend(ledger, 2)
    error = ledger.close("2026-11-02", "429 rate_limited")
    assert (error.needed, error.left, error.limit) == (1, 0, 10)
    for text in (str(error), repr(ledger), ledger._repr_html_()):
        assert "429 rate_limited" in text
        assert "reopen()" in text
    assert (ledger.used, ledger.left, ledger.left_for_reads) == (2, 0, 0)


# A day that Crisp closed


def test_a_closed_day_is_closed_to_all_until_it_resets(
    make: Callable[..., Ledger], clock: Clock
) -> None:
    ledger, again, other = make(10), make(10), make(10, account="b")
    ledger.close("2026-11-02", "429 rate_limited")
    ledger.close("2026-11-02", "420 rate_limited")
    assert again.refusal == "429 rate_limited"  # the first stands
    assert (spend(again, 1), spend(again, 1, write=True), spend(other, 1)) == (0, 0, 1)
    clock.set("2026-11-03 00:00:02")
    assert spend(ledger, 1) == 0
    clock.set("2026-11-03 00:00:05")
    assert spend(ledger, 20) == 10
    clock.set("2026-11-02 12:00")
    third = make(10, account="c")
    third.close("2026-11-02", "429 rate_limited")
    third.reopen()
    assert spend(third, 20) == 10


def test_what_cannot_be_paid_today_is_refused_as_a_whole(make: Callable[..., Ledger]) -> None:
    ledger = make(100, reserve_for_writes=0.1)
    spend(ledger, 30)
    ledger.check_affordable(60)
    with pytest.raises(QuotaExceeded, match="on_quota='wait'") as caught:
        ledger.check_affordable(61)
    assert (caught.value.needed, caught.value.left, caught.value.limit) == (61, 60, 100)
    ledger.check_affordable(61, today=False)
    with ledger.budgets.open(40), pytest.raises(QuotaExceeded, match="budget of 40"):
        ledger.check_affordable(41, today=False)
    assert ledger.used == 30


@pytest.mark.reliability("interrupts")
def test_an_interrupt_while_it_waits_for_its_turn_holds_nobody_up(
    make: Callable[..., Ledger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C is met when BEGIN returns: by then the file is held."""
    ledger, other = make(10), make(10)._file

    class Interrupted(database_opening.Connection):
        def execute(self, statement: str, *arguments: object) -> sqlite3.Cursor:
            cursor = super().execute(statement, *arguments)
            if statement == "BEGIN IMMEDIATE":
                raise KeyboardInterrupt
            return cursor

    with monkeypatch.context() as interrupted:
        interrupted.setattr(database_opening, "Connection", Interrupted)
        with pytest.raises(KeyboardInterrupt):
            ledger.reserve("list")
        ledger._file.disconnect()
    with other.connection() as db:
        db.execute("PRAGMA busy_timeout = 0")
        db.execute("BEGIN IMMEDIATE")
        db.execute("ROLLBACK")
    assert spend(ledger, 11) == 10


def _damaged(folder: Path) -> None:
    (folder / "quota.sqlite").write_bytes(b"no database" * 1000)


def _no_file(folder: Path) -> None:
    (folder / "quota.sqlite").mkdir()


@pytest.mark.reliability("sqlite")
@pytest.mark.parametrize(
    ("spoil", "what", "hint"),
    [
        (_damaged, "is damaged", "ove it away"),
        (_no_file, "cannot be written", "CRISP_STATE_DIR"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_the_way_on(
    make: Callable[..., Ledger],
    tmp_path: Path,
    spoil: Callable[[Path], None],
    what: str,
    hint: str,
) -> None:
    spoil(tmp_path)
    ledger = make()
    for ask in (lambda: ledger.used, lambda: ledger.reserve("list")):
        with pytest.raises(CrispError, match=what) as caught:
            ask()
        assert hint in caught.value.hint


@pytest.mark.reliability("disks")
def test_a_full_disk_is_told_and_passes(make: Callable[..., Ledger]) -> None:
    ledger = make(100_000)
    ledger.reserve("list")
    with ledger._file.connection() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(CrispError, match="the disk is full"):
        [ledger.reserve(f"operation {number}") for number in range(1000)]
    counted = sum(ledger.by_operation().values())
    assert ledger.used == counted
    ledger.reserve("more")
    assert ledger.used == counted + 1


# A clock that was wrong


@pytest.mark.reliability("clocks")
def test_what_was_spent_while_the_clock_was_ahead_counts_today(
    make: Callable[..., Ledger], clock: Clock
) -> None:
    """Neither is the day's quota given twice, nor is a day to come begun as a spent one."""
    ledger = make(5)
    clock.set("2026-11-03 12:00")
    reservation = ledger.reserve("list")
    assert spend(ledger, 3) == 3
    clock.set("2026-11-02 12:00")
    assert (ledger.used, ledger.left, ledger.by_operation()) == (4, 1, {"list": 4})
    assert spend(make(5), 5) == 1
    ledger.release(reservation)
    assert ledger.used == 4
    clock.set("2026-11-03 12:00")
    assert (ledger.used, ledger.left) == (0, 5)


def test_a_reservation_that_is_refused_brings_the_count_back_all_the_same(
    make: Callable[..., Ledger], clock: Clock
) -> None:
    ledger = make(5)
    clock.set("2026-11-04 12:00")
    spend(ledger, 5)
    clock.set("2026-11-02 12:00")
    assert spend(ledger, 1) == 0
    clock.set("2026-11-04 12:00")
    assert ledger.left == 5


def test_a_reservation_is_one_transaction_of_few_statements(make: Callable[..., Ledger]) -> None:
    """Each look at the file beside it is another wait for threads and processes that share it."""
    ledger, statements = make(5), list[str]()
    with ledger._file.connection() as db:
        db.set_trace_callback(statements.append)
    ledger.reserve("list")
    assert statements[0].startswith("BEGIN")
    assert statements[-1] == "COMMIT"
    assert len(statements) <= 7


def test_threads_take_turns_before_they_use_a_connection(make: Callable[..., Ledger]) -> None:
    """In SQLite whoever finds the file held sleeps for milliseconds, however soon it is free."""
    ledger, entered, leave, asked = make(5), threading.Event(), threading.Event(), threading.Event()
    pool, turn = ledger._file._pool, threading.RLock()

    class Turn:
        def acquire(self, timeout: float) -> bool:
            if entered.is_set():
                asked.set()
            return turn.acquire(timeout=timeout)

        def release(self) -> None:
            turn.release()

    pool._turn = PerProcess(Turn)

    def hold() -> None:
        with ledger._file.transaction():
            entered.set()
            leave.wait(60)

    with ThreadPoolExecutor(2) as threads:
        threads.submit(hold)
        assert entered.wait(60)
        waiting = threads.submit(ledger.reserve, "list")
        assert asked.wait(60)
        assert len(pool.used) == 1
        leave.set()
        waiting.result(60)
    assert ledger.used == 1


@pytest.mark.reliability("clocks")
def test_a_refusal_while_the_clock_was_ahead_is_todays(
    make: Callable[..., Ledger], clock: Clock
) -> None:
    ledger, other = make(5), make(5, account="b")
    clock.set("2026-12-24 12:00")
    ledger.reserve("list")
    ledger.close("2026-12-24", "429 rate_limited")
    other.reserve("list")
    clock.set("2026-11-02 12:00")
    assert ledger.refusal == "429 rate_limited"
    assert spend(ledger, 1) == 0
    assert other.refusal == ""
    ledger.reopen()
    assert spend(ledger, 9) == 4
    clock.set("2026-12-24 12:00")
    assert (ledger.refusal, ledger.left, other.left) == ("", 5, 5)


@pytest.mark.reliability("clocks")
@pytest.mark.parametrize("reset_hour", [0, 7, 23])
def test_another_hour_of_reset_is_no_wrong_clock(
    make: Callable[..., Ledger], clock: Clock, reset_hour: int
) -> None:
    """Two that think the day begins at other hours take nothing from each other."""
    clock.set("2026-11-02 03:00")
    usual, shifted = make(5), make(5, reset_hour=reset_hour)
    assert spend(usual, 5) == 5
    spend(shifted, 1)
    assert spend(usual, 1) == 0
