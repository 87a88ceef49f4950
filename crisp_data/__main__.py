"""``python -m crisp_data``: the command line where its script is not on the path."""

from crisp_data.cli import main

main(prog_name="crisp-data")
