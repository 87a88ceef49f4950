#!/usr/bin/env bash
# pyarrow 25.0.0: Parquet of a fixed-size list with a missing row is written, and not read back.
#
# Behaviour: a column of pairs, list_(int64(), 2), of which one row is missing. pyarrow 24.0.0
# refuses to write it. 25.0.0 writes it without a word and then cannot read its own file: it finds
# a list of no elements where each is to have two. Another release reads what 25.0.0 wrote: 26.0.1
# gives every row, and so the file is whole and the reader of 25.0.0 is at fault.
#
# What one would guess: what a release writes without an error, it reads; and where the release
# before refused to write a column, reader and writer came together. The missing reader is issue
# 35692 of apache/arrow, open since 2023; its pull request 50271 brought it.
#
# Ends with 1 where the output is another one. Output seen on 2026-11-29:
#   24.0.0 pairs without a gap: read back
#   24.0.0 pairs with a gap: not written, ArrowNotImplementedError
#   25.0.0 pairs without a gap: read back
#   25.0.0 pairs with a gap: written, not read, ArrowInvalid
#   26.0.1 pairs without a gap: read back
#   26.0.1 pairs with a gap: read back
#   26.0.1 reads the file of 25.0.0: [[1, 2], None, [3, 4]]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/seen.py" <<'P'
import sys

import pyarrow as pa
from pyarrow import parquet

pair = pa.list_(pa.int64(), 2)
for name, rows in (("without", [[1, 2], [3, 4]]), ("with", [[1, 2], None, [3, 4]])):
    path, done = f"{sys.argv[1]}/{pa.__version__}-{name}.parquet", "not written"
    try:
        parquet.write_table(pa.table({"pair": pa.array(rows, pair)}), path)
        done = "written, not read"
        same = parquet.read_table(path)["pair"].to_pylist() == rows
        outcome = "read back" if same else "changed"
    except pa.ArrowException as error:
        outcome = f"{done}, {type(error).__name__}"
    print(f"{pa.__version__} pairs {name} a gap: {outcome}")
P
for version in 24.0.0 25.0.0 26.0.1; do
    python3 -m venv "$folder/$version"
    "$folder/$version/bin/pip" install -q "pyarrow==$version"
    "$folder/$version/bin/python" "$folder/seen.py" "$folder"
done >"$folder/seen"
"$folder/26.0.1/bin/python" -c "
from pyarrow import parquet
print('26.0.1 reads the file of 25.0.0:',
      parquet.read_table('$folder/25.0.0-with.parquet')['pair'].to_pylist())" >>"$folder/seen"
cat "$folder/seen"
sed -n 's/^#   //p' "$0" | diff - "$folder/seen" && echo "as described"
