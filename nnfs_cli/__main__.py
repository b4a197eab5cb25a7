"""`python -m nnfs_cli` is the `nnfs` command."""

import sys


def run() -> None:
    """Run the command line. Ctrl-C while its modules load ends it without a traceback, too."""
    try:
        from nnfs_cli.cli.app import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
