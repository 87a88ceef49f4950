#!/usr/bin/env bash
# python-dateutil 2.9.0.post0 and 4.0.0, tzdata 2026.6: the same zone file is UTC to one of them.
#
# Behaviour: a zone file has two blocks, an old one with 32-bit times and a new one. The files of
# the tzdata package are "slim": their old block is empty. dateutil 2.9 reads the old block only, so
# tz.tzfile takes such a file without an error and gives a zone whose offset is zero for ever.
# Europe/Paris in July is UTC+00:00. dateutil 4.0 reads the new block, as zoneinfo does.
#
# What one would guess: the offset that zoneinfo gives, or an error for a file that cannot be read
# whole. The documentation of dateutil.tz.tzfile promises files of the format tzfile(5), without a
# word on its versions, and that format's RFC 9636 has readers of version 2 pass the old block by.
# (A patch for it has been open since 2020: dateutil/dateutil, pull request 1091.)
#
# Ends with 1 where the output is another one. Output seen on 2026-11-29:
#   file: version 2, 1105 bytes
#   zoneinfo: 2:00:00
#   python-dateutil 2.9.0.post0: 0:00:00, 0 changes
#   python-dateutil 4.0.0: 2:00:00
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
cat >"$folder/seen.py" <<'P'
import importlib.metadata
import io
import sys
from datetime import datetime
from importlib import resources
from zoneinfo import ZoneInfo

from dateutil import tz

content = (resources.files("tzdata") / "zoneinfo" / "Europe" / "Paris").read_bytes()
july = datetime(2026, 7, 1, 12)
if sys.argv[1:] == ["first"]:
    print(f"file: version {content[4:5].decode()}, {len(content)} bytes")
    print("zoneinfo:", ZoneInfo.from_file(io.BytesIO(content)).utcoffset(july))
zone = tz.tzfile(io.BytesIO(content))
changes = getattr(zone, "_trans_list", None)
more = f", {len(changes)} changes" if sys.argv[1:] == ["first"] else ""
print(f"python-dateutil {importlib.metadata.version('python-dateutil')}:", end=" ")
print(f"{zone.utcoffset(july)}{more}")
P
"$folder/env/bin/pip" install -q python-dateutil==2.9.0.post0 tzdata==2026.6
"$folder/env/bin/python" "$folder/seen.py" first >"$folder/seen"
"$folder/env/bin/pip" install -q python-dateutil==4.0.0
"$folder/env/bin/python" "$folder/seen.py" >>"$folder/seen"
cat "$folder/seen"
sed -n 's/^#   //p' "$0" | diff - "$folder/seen" && echo "as described"
