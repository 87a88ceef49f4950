"""The command ``crisp-data``, which is also ``python -m crisp_data``.

It imports nothing until it can answer Ctrl-C: the command line loads under the guard.
"""

import sys


def main() -> None:
    """Run the command line; an interrupt while it loads ends it as one at work does.

    What cannot be printed, on a disk that is full say, ends it as well: nobody could read more.
    """
    try:
        from crisp_data.cli import main as command

        command(prog_name="crisp-data")
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)
    except OSError as error:  # all others are told by the command line itself
        print(f"Error: the output cannot be written: {error.strerror}.", file=sys.stderr)
        sys.stdout = None  # else Python tries the rest again as it ends
        sys.exit(1)


if __name__ == "__main__":
    main()
