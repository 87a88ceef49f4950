#!/usr/bin/env bash
# DuckDB 2.0.1 with pandas 3.1.1: empty lists in an object column hide the type of a later list.
#
# Behaviour: DuckDB takes the type of an object column from a sample of its rows, 1,000 by default.
# Where the sample holds nothing but missing values, it goes on looking and finds the list further
# down. Where it holds nothing but empty lists, it stops there: the column is a list of NULL, and
# `select *` ends in an InvalidInputException at the first list with a text in it. Tuples and lists
# alike. A larger `pandas_analyze_sample`, or the frame as an Arrow table, gives VARCHAR[].
#
# What one would guess: an empty list says as little of its items' type as a missing value does, so
# that both are passed over until a value with items comes.
#
# Source: run here.
#
# Ends with 1 where the output is another one. Output seen on 2026-11-29:
#   missing, then ('vip',): VARCHAR[]
#   empty tuples, then ('vip',): InvalidInputException
#   empty lists, then ['vip']: InvalidInputException
#   empty tuples, sample of all rows: VARCHAR[]
#   empty tuples, as an Arrow table: VARCHAR[]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q duckdb==2.0.1 pandas==3.1.1 pyarrow==26.0.1
cat >"$folder/seen.py" <<'P'
import duckdb
import pandas as pd
import pyarrow as pa


def column_type(found):
    """Read all rows; give the type of the column, or the name of the error."""
    try:
        relation = duckdb.sql("select * from found")
        rows = relation.fetchall()
    except duckdb.Error as error:
        return type(error).__name__
    assert len(rows) == 5000
    assert list(rows[-1][0]) == ["vip"]
    return str(relation.types[0])


def frame(usual, last):
    return pd.DataFrame({"x": pd.Series([usual] * 4999 + [last], dtype=object)})


tuples = frame((), ("vip",))
print("missing, then ('vip',):", column_type(frame(None, ("vip",))))
print("empty tuples, then ('vip',):", column_type(tuples))
print("empty lists, then ['vip']:", column_type(frame([], ["vip"])))
duckdb.sql("SET pandas_analyze_sample = 1000000")
print("empty tuples, sample of all rows:", column_type(tuples))
duckdb.sql("RESET pandas_analyze_sample")
print("empty tuples, as an Arrow table:", column_type(pa.Table.from_pandas(tuples)))
P
"$folder/venv/bin/python" "$folder/seen.py" >"$folder/seen"
cat "$folder/seen"
sed -n 's/^#   //p' "$0" | diff - "$folder/seen" && echo "as described"
