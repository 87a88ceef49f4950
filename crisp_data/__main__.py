"""The command ``crisp-data``, which is also ``python -m crisp_data``.

It imports nothing until it can answer Ctrl-C: the command line loads under the guard.
"""

import sys


def main() -> None:
    """Run the command line; an interrupt while it loads ends it as one at work does."""
    try:
        from crisp_data.cli import main as command

        command(prog_name="crisp-data")
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
