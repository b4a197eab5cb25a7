"""`python -m nnfs_cli` is the `nnfs` command."""

import signal
import sys


def run() -> None:
    """Run the command line. Ctrl-C while its modules load ends it without a traceback, too."""
    try:
        from nnfs_cli.core.interrupts import send_again

        sys.unraisablehook = send_again
        from nnfs_cli.cli.app import main

        main()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        # Only Python itself ends now. A handler in Python might fail in the middle of that.
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    run()
