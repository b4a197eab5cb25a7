"""`nnfs explain CONFIG|RUN`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from nnfs_cli.cli.completion import complete_config_or_run
from nnfs_cli.cli.options import RUNS, Overrides, RunsFolder, TrustPlugins


class Format(StrEnum):
    """How an explanation is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    LATEX = "latex"
    SVG = "svg"
    PNG = "png"


SUFFIXES = {
    ".txt": Format.TEXT,
    ".md": Format.MARKDOWN,
    ".tex": Format.LATEX,
    ".svg": Format.SVG,
    ".png": Format.PNG,
}


def explain(
    target: Annotated[
        str,
        typer.Argument(
            metavar="CONFIG|RUN",
            help="A config, or a run: its path, its id, or `latest`, with its weights.",
            autocompletion=complete_config_or_run,
        ),
    ],
    overrides: Overrides = [],  # noqa: B006  typer reads the default, nothing changes it
    row: Annotated[
        int | None,
        typer.Option(metavar="N", help="Show every number of a step on this training row, counted from 0."),
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Show the numbers of a step on the first batch of the epoch.")
    ] = False,
    format_: Annotated[
        Format | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="text, markdown, latex, svg or png; by default as --output ends, or text.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it to this file: .txt, .md, .tex, .svg or .png."),
    ] = None,
    runs: RunsFolder = RUNS,
    trust_plugins: TrustPlugins = False,
) -> None:
    """Show a training step as equations, forward and backward; with --row or --batch, every number in it."""
    from nnfs_cli.cli import console
    from nnfs_cli.cli.screen import out
    from nnfs_cli.core.files import named_by_user
    from nnfs_cli.jobs.explain import explain_target

    kind = chosen(format_, output)
    explanation = explain_target(target, runs, overrides, row=row, batch=batch, trust_plugins=trust_plugins)
    if output is None:
        out.print(explanation.written(kind.value, out.width), soft_wrap=True)
        return
    if kind in (Format.SVG, Format.PNG):
        from nnfs_cli.plots.explanation import draw_explanation

        draw_explanation(explanation, output, kind.value)
    else:
        with named_by_user(output) as file:
            file.write(f"{explanation.written(kind.value)}\n".encode())
    console.show_paths([output])


def chosen(format_: Format | None, output: Path | None) -> Format:
    """The format that the options ask for. NnfsError if they do not agree, or if a picture has no file."""
    from nnfs_cli.core.errors import NnfsError

    by_suffix = SUFFIXES.get(output.suffix.lower()) if output is not None else None
    if output is not None and format_ is None and by_suffix is None:
        raise NnfsError(
            f"--output: must end in {', '.join(SUFFIXES)}, or --format says what it is; found {output}"
        )
    kind = format_ or by_suffix or Format.TEXT
    if kind in (Format.SVG, Format.PNG) and output is None:
        raise NnfsError(f"--format {kind.value}: a picture needs a file: add --output NAME.{kind.value}")
    if by_suffix not in (None, kind):
        raise NnfsError(f"--output: {output} is no file for --format {kind.value}")
    return kind
