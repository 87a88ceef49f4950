"""Reading an archive into a frame: against pyarrow on the same Parquet bytes, as ratios.

    python benchmarks/archive.py --messages 1000000

The archive is filled with a sandbox's messages, repeated under other session ids. pyarrow
reads the very files that the archive reads, into a frame of its own default dtypes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset

import crisp_data as crisp
from crisp_data.archive.storage import Storage
from crisp_data.archive.table import ArchiveTable
from crisp_data.sandbox import Sandbox


def fill(folder: Path, messages: int) -> None:
    """Sync a sandbox, then repeat its rows until there are enough."""
    with Sandbox(seed=1, conversations=2_000) as sandbox:
        crisp.connect(sandbox=sandbox, quota=10**6).archive(folder).sync()
    kept = {name: ArchiveTable(Storage(folder), name) for name in ("conversations", "messages")}
    rows = {name: one.read().cast(one.schema) for name, one in kept.items()}
    for copy in range(1, -(-messages // rows["messages"].num_rows)):
        for name, table in rows.items():
            place = table.schema.get_field_index("session_id")
            ids = pc.binary_join_element_wise(table["session_id"], str(copy), "-")
            kept[name].append(table.set_column(place, "session_id", ids))
    for one in kept.values():
        one.compact()


def seconds(work: Callable[[], Any], runs: int = 5) -> float:
    """Time something, after once for the disk: the median."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> int:
    """Print the ratios; 1 where reading all takes more than twice what pyarrow needs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=1_000_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder), asked.messages)
        archive = crisp.Archive(folder)
        files = [
            uri.removeprefix("file://") for uri in archive._tables["messages"].delta().file_uris()
        ]

        def with_pyarrow(**only: Any) -> Any:
            return pa.dataset.dataset(files).to_table(**only).to_pandas()

        everything = seconds(with_pyarrow)
        columns = ["session_id", "timestamp", "from"]
        print(f"{len(archive.messages()):,} messages in {len(files)} files")
        ratio = seconds(archive.messages) / everything
        print(f"all of them:           {ratio:.2f} of pyarrow's time")
        few = seconds(lambda: archive.messages(columns=columns))
        pyarrow_few = seconds(lambda: with_pyarrow(columns=columns))
        theirs = pyarrow_few / everything
        print(f"three columns:         {few / everything:.2f}   (pyarrow: {theirs:.2f})")
        recent = seconds(lambda: archive.messages(since="2026-10-15"))
        share = len(archive.messages(since="2026-10-15")) / len(archive.messages())
        print(f"{share:.0%} of them, by date: {recent / everything:.2f}")
    return 0 if ratio <= 2 else 1


if __name__ == "__main__":
    sys.exit(main())
