"""The `nnfs` command, composed of its subcommands."""

import sys
import warnings
from bdb import BdbQuit
from typing import Annotated, Any

import typer

from nnfs_cli.cli.compare import compare
from nnfs_cli.cli.components import components
from nnfs_cli.cli.data import data
from nnfs_cli.cli.diff import diff
from nnfs_cli.cli.doctor import doctor
from nnfs_cli.cli.evaluate import evaluate
from nnfs_cli.cli.explain import explain
from nnfs_cli.cli.gradcheck import gradcheck
from nnfs_cli.cli.init import init
from nnfs_cli.cli.lr_find import lr_find
from nnfs_cli.cli.new import new
from nnfs_cli.cli.plot import plot
from nnfs_cli.cli.predict import predict
from nnfs_cli.cli.report import report
from nnfs_cli.cli.resume import resume
from nnfs_cli.cli.runs import runs
from nnfs_cli.cli.schema import schema
from nnfs_cli.cli.streams import prepare_streams
from nnfs_cli.cli.study import study
from nnfs_cli.cli.train import train
from nnfs_cli.cli.verify import verify
from nnfs_cli.config.plugins import plugin_errors
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.interrupts import is_ctrl_c
from nnfs_cli.core.os_errors import in_words
from nnfs_cli.version import __version__

app = typer.Typer(
    name="nnfs",
    help="Train neural networks in pure NumPy from YAML files, and see that every gradient is right.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMAND_LINE_ERROR: Any = typer.BadParameter.__mro__[2]
"""The base of errors in a command line: click's, or that of the copy in typer."""

COMMANDS = (
    init,
    new,
    train,
    study,
    resume,
    verify,
    evaluate,
    predict,
    plot,
    report,
    explain,
    gradcheck,
    doctor,
    lr_find,
    compare,
    diff,
    components,
    schema,
)
for command in COMMANDS:
    app.command()(command)
app.add_typer(runs)
app.add_typer(data)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"nnfs {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001  its callback handles it
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Options of `nnfs` itself; and every command shows its downloads."""
    from nnfs_cli.cli.downloads import showing_downloads  # imported here: `nnfs --help` needs none

    context.with_resource(showing_downloads())


def main() -> None:
    """Run the command line; a user's mistake is one message on standard error, not a traceback.

    Python's warnings are for people who write code: `python -W default` or PYTHONWARNINGS shows them.
    """
    warnings.simplefilter("ignore", append=True)
    prepare_streams()
    try:
        with plugin_errors():
            sys.exit(app(standalone_mode=False))
    except COMMAND_LINE_ERROR as error:
        _say_usage(error)
        sys.exit(error.exit_code)
    except NnfsError as error:
        _say(error)
        sys.exit(error.exit_status)
    except BdbQuit:
        _say("stopped in the debugger")
        sys.exit(130)
    except (typer.Abort, ImportError) as error:  # typer makes the first of Ctrl-C
        if isinstance(error, ImportError) and not is_ctrl_c(error):
            raise
        _say("interrupted")
        sys.exit(130)
    except OSError as error:  # a full disk, a name too long, a folder without permission
        _say(in_words(error))
        sys.exit(2)
    except MemoryError as error:
        remedy = "reduce `training.batch_size`, or make the layers smaller"
        _say(f"not enough memory: {error or 'none is left'}; {remedy}")
        sys.exit(2)


def _say_usage(error: Any) -> None:
    """Say what is wrong with a command line; typer has already shown its help if nothing was asked for."""
    from nnfs_cli.cli.screen import err  # imported here: `nnfs --help` needs none

    if message := error.format_message():
        usage = f"{error.ctx.get_usage()}\n" if error.ctx is not None else ""
        err.print(f"{usage}nnfs: {message}")


def _say(problem: object) -> None:
    from nnfs_cli.cli.screen import err  # imported here: `nnfs --help` needs none

    err.print(f"nnfs: {problem}")
