"""What is done to the package, row by row, and what holds under it."""

from __future__ import annotations

from typing import NamedTuple

TIERS = ("quick", "slow")


class Row(NamedTuple):
    """A line of the page; ``elsewhere`` says why a run has no test of it."""

    done: str
    held: str
    elsewhere: dict[str, str] = {}  # noqa: RUF012  # never changed


def by_hand(reason: str) -> dict[str, str]:
    return dict.fromkeys(TIERS, reason)


ROWS = {
    "forks": Row(
        "Processes fork and spawn while threads read, write and hold locks.",
        "Each answer and message reached its own process, once; what cannot go on in a fork is "
        "refused by name, and nothing waits for ever.",
    ),
    "interrupts": Row(
        "SIGINT after a random number of requests of a pull, a sync or a sending, and at named "
        "moments.",
        "The program ended by the interrupt; the ledger counted every request that the server "
        "saw; the next run completed the archive and sent each message once.",
    ),
    "descriptors": Row(
        "Hundreds of pulls, thousands of conversations, a process without a free descriptor.",
        "Open files and threads did not grow, and a closed workspace held none.",
    ),
    "proxies": Row(
        "Proxies that are dead, slow, endless, want a password, or close after any byte.",
        "The proxy was named, no password shown; what was not sent cost nothing, and what may "
        "have been sent was counted.",
    ),
    "clocks": Row(
        "Clocks that are ahead, behind, or jump between two requests.",
        "Nothing from the future was fresh, no day's quota was spent twice, no message was sent "
        "twice, no writer was taken for dead.",
    ),
    "zones": Row(
        "No zone files, and zone databases of another year.",
        "Frames, files, charts and reports showed one and the same time.",
    ),
    "transitions": Row(
        "Every change of a clock from 2024 to 2028, in each zone that has a history of its own.",
        "Moments, periods, days and sums were those that the wall shows, reckoned without pandas.",
    ),
    "sqlite": Row(
        "SQLite files locked, cut at any byte, emptied, overwritten, of another program, or of a "
        "later version.",
        "What could not be trusted was refused by name, with nothing sent; the cache was done "
        "without. No request went uncounted, no message was sent twice, and the rows of another "
        "program stayed.",
    ),
    "disks": Row(
        "File systems of some hundred kilobytes, and writers that fail at a byte.",
        "The full disk was named; the old file stayed whole; with space again, the same line "
        "completed what it had begun, and no message was sent twice.",
    ),
    "read_only": Row(
        "Folders and files that another user may read and not write.",
        "Refused by name before a request was spent; what only reads an archive read it.",
    ),
    "servers": Row(
        "Answers without end, a byte at a time, that unpack to gigabytes, nested a million deep, "
        "cut, or of another shape.",
        "Each pull ended within its bounds of requests, bytes and seconds, with an error that "
        "names the bound.",
    ),
    "pages": Row(
        "Lists on pages of 1 to 50 rows, of sizes that change, while conversations come, change "
        "and go.",
        "The rows were the sandbox's, each once, or the frame said that rows may be missing.",
    ),
    "kills": Row(
        "Processes killed at every commit of archive, forget, outbox and ledger, and at random.",
        "The next run completed the work: tables equal to the truth, each message once, no "
        "request uncounted, nothing left of who was forgotten.",
    ),
    "formats": Row(
        "An archive, a cache, a ledger and an outbox of every released format.",
        "Each was read and continued without a message or request twice; a later format was "
        "refused by name.",
    ),
    "windows": Row(
        "A system without POSIX: no fork, no such modules, no links, variables in capitals.",
        "Every module could be imported, and files were made whole or not at all.",
    ),
    "versions": Row(
        "The lowest and the newest version of every dependency.",
        "The quick tests passed with both; see `benchmarks/RESULTS.md` for the lowest.",
        {
            "quick": "newest: `.ci/run`; lowest: `nox -s lowest`, by hand",
            "slow": "newest: `.ci/run`",
        },
    ),
    "pythons": Row(
        "Python 3.11 to 3.14.",
        "What passed with which stands in `benchmarks/RESULTS.md`.",
        {
            "quick": "one of them: `.ci/run`; the others: `nox -s quick`, by hand",
            "slow": "one of them: `.ci/run`; the others: `nox -s full`, by hand",
        },
    ),
    "windows_lab": Row(
        "A Windows build of CPython.",
        "What passed and what was mended stands in `benchmarks/RESULTS.md`.",
        by_hand("by hand, see `benchmarks/RESULTS.md`"),
    ),
}
