#!/usr/bin/env bash
# pandas 3.1.1, tzdata 2025.2: tz_localize(nonexistent="shift_forward") may go backwards.
#
# Behaviour: where a change of the clocks skips more than an hour, "shift_forward" can give an hour
# before the change, and "shift_backward" a moment after it. Antarctica/Troll skips two hours on
# 2024-03-31: 01:30 does not exist there, and "forward" of it is 00:00 UTC, while the change is at
# 01:00 UTC; "backward" of 02:30 is 01:59:59.999999 UTC, an hour after the change. Pacific/Apia
# skipped a whole day in 2011: "forward" of its noon is 13:00 of the day before.
#
# What one would guess: forward is the first moment after the gap, backward the last one before it,
# as they are where one hour is skipped (Europe/Paris, below), and as the page of
# pandas.Timestamp.tz_localize in pandas' reference describes both words.
#
# Ends with 1 where the output is another one. Output seen on 2026-11-29:
#   Europe/Paris 2024-03-31 02:30 forward 01:00:00 UTC
#   Antarctica/Troll 2024-03-31 01:30 forward 00:00:00 UTC
#   Antarctica/Troll 2024-03-31 02:30 forward 01:00:00 UTC
#   Antarctica/Troll 2024-03-31 02:30 backward 01:59:59.999999 UTC
#   Pacific/Apia 2011-12-30 12:00 forward 23:00:00 UTC
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q pandas==3.1.1 tzdata==2025.2
cat >"$folder/seen.py" <<'P'
import zoneinfo

import pandas as pd

zoneinfo.reset_tzpath(to=())  # the rules of the pinned tzdata, whatever the system has
for zone, wall, way in (
    ("Europe/Paris", "2024-03-31 02:30", "forward"),
    ("Antarctica/Troll", "2024-03-31 01:30", "forward"),
    ("Antarctica/Troll", "2024-03-31 02:30", "forward"),
    ("Antarctica/Troll", "2024-03-31 02:30", "backward"),
    ("Pacific/Apia", "2011-12-30 12:00", "forward"),
):
    moment = pd.Timestamp(wall).tz_localize(zone, nonexistent=f"shift_{way}")
    print(zone, wall, way, moment.tz_convert("UTC").time(), "UTC")
P
"$folder/env/bin/python" "$folder/seen.py" | tee "$folder/seen"
sed -n 's/^#   //p' "$0" | diff - "$folder/seen" && echo "as described"
