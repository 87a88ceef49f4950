#!/usr/bin/env bash
# deltalake 1.6.6: a feature added to an older table ends its CHECK constraint, unsaid.
#
# Behaviour: a constraint put on a new table makes its protocol writer version 3, and a row that
# breaks it is refused. Adding a feature that has nothing to do with it, the change data feed, takes
# the protocol to writer version 7, where features count by name, and names the new one alone. The
# constraint still stands in the table's configuration, but the next row that breaks it is written.
# A table that is append-only is not opened by the same step: deletes are refused before and after.
#
# What one would guess: what an older version of the protocol implies is named when a table moves to
# version 7, as the Delta protocol asks of features in use, so that the constraint holds as before;
# or, as with append-only, that the configuration goes on to count.
#
# Source: run here; PROTOCOL.md of delta-io/delta, "Table Features" and "CHECK Constraints". For .NET,
# delta-dotnet (pull request 215) carries the older features forward by itself over the same library.
#
# Ends with 1 where the output is another one. Output seen on 2026-11-29:
#   constraint: writer version 3, features None, -1 refused
#   and a feature: writer version 7, features ['changeDataFeed'], -1 written
#   its configuration: a > 0
#   append-only: writer version 2, features None, delete refused
#   and a feature: writer version 7, features ['changeDataFeed'], delete refused
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q deltalake==1.6.6 pyarrow==26.0.1
cat >"$folder/seen.py" <<'P'
import sys
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, TableFeatures, write_deltalake
from deltalake.exceptions import DeltaError

checked, kept = (str(Path(sys.argv[1]) / name) for name in ("checked", "kept"))


def tried(work):
    try:
        work()
    except DeltaError:
        return "refused"
    return None


def show(what, path, outcome):
    protocol = DeltaTable(path).protocol()
    version, features = protocol.min_writer_version, protocol.writer_features
    print(f"{what}: writer version {version}, features {features}, {outcome}")


def add_feature(path):
    DeltaTable(path).alter.add_feature(
        TableFeatures.ChangeDataFeed, allow_protocol_versions_increase=True
    )


def append(number):
    write_deltalake(checked, pa.table({"a": [number]}), mode="append")


append(1)
DeltaTable(checked).alter.add_constraint({"positive": "a > 0"})
show("constraint", checked, f"-1 {tried(lambda: append(-1)) or 'written'}")
add_feature(checked)
show("and a feature", checked, f"-1 {tried(lambda: append(-1)) or 'written'}")
assert -1 in DeltaTable(checked).to_pyarrow_table()["a"].to_pylist()
configuration = DeltaTable(checked).metadata().configuration
print("its configuration:", configuration["delta.constraints.positive"])

write_deltalake(kept, pa.table({"a": [1, 2]}), configuration={"delta.appendOnly": "true"})
delete = lambda: DeltaTable(kept).delete("a = 1")
show("append-only", kept, f"delete {tried(delete) or 'done'}")
add_feature(kept)
show("and a feature", kept, f"delete {tried(delete) or 'done'}")
P
sed -n '/^# Ends with 1/,/^set/s/^#   //p' "$0" >"$folder/expected"
"$folder/venv/bin/python" "$folder/seen.py" "$folder" | tee "$folder/output"
diff "$folder/expected" "$folder/output"
