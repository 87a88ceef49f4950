#!/usr/bin/env bash
# deltalake 1.6.6: an empty commit file is a commit that did nothing, and its rows are gone unsaid.
#
# Behaviour: a table of two appends, whose second commit file is then emptied, as a disk may leave
# it that lost its power between creating a file and writing it. The table opens without an error
# or a warning, says that its version is 1, and reads the rows of version 0. The next append
# becomes version 2, and the file with the lost rows is named by no commit any more.
#
# What one would guess: a version that says nothing of what was done, not even its commitInfo, is
# refused, as a commit is whose JSON is cut in the middle. The Delta protocol asks of a commit
# only that it is a list of actions in lines of JSON, and a list may be empty.
#
# Ends with 1 where the output is another one. Output seen on 2026-11-29:
#   two appends: version 1, rows [1, 2]
#   second commit empty: version 1, rows [1]
#   second commit cut in the middle: refused
#   one append more: version 2, rows [1, 3]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q deltalake==1.6.6 pyarrow==26.0.1
cat >"$folder/seen.py" <<'P'
import shutil
import sys
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError
from pyarrow import parquet

whole, empty, cut = (Path(sys.argv[1]) / name for name in ("whole", "empty", "cut"))


def append(path, number):
    write_deltalake(str(path), pa.table({"number": [number]}), mode="append")


def show(what, path):
    try:
        table = DeltaTable(str(path))
    except DeltaError:
        print(f"{what}: refused")
        return
    files = [parquet.read_table(one.removeprefix("file://")) for one in table.file_uris()]
    rows = sorted(number for one in files for number in one["number"].to_pylist())
    print(f"{what}: version {table.version()}, rows {rows}")


append(whole, 1)
append(whole, 2)
show("two appends", whole)
shutil.copytree(whole, empty)
shutil.copytree(whole, cut)
name = "_delta_log/00000000000000000001.json"
(empty / name).write_bytes(b"")
show("second commit empty", empty)
content = (cut / name).read_bytes()
(cut / name).write_bytes(content[: len(content) // 2])
show("second commit cut in the middle", cut)
append(empty, 3)
show("one append more", empty)
P
"$folder/venv/bin/python" "$folder/seen.py" "$folder" >"$folder/seen"
cat "$folder/seen"
sed -n 's/^#   //p' "$0" | diff - "$folder/seen" && echo "as described"
