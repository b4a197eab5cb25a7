"""Plots: pictures made from a run directory alone. Matplotlib lives here and nowhere else."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnfs_cli.config.trust import UntrustedError
from nnfs_cli.core.errors import NnfsError, did_you_mean, listed
from nnfs_cli.core.files import make_folder
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.finding import run_name
from nnfs_cli.runs.fitting import fitting

if TYPE_CHECKING:
    from nnfs_cli.plots.animation import Animation
    from nnfs_cli.plots.forest import Estimate
    from nnfs_cli.plots.library import Axes, Figure


@dataclass(frozen=True)
class Source:
    """A module of this room that draws pictures of a run.

    module: has `draw(run) -> dict[name, Axes]`, or `animate(run) -> dict[name, Animation]` if `moving`.
    names: of the pictures that it can draw, in the order in which they are shown.
    needs: what a run must have; it follows "needs" in the message that a picture cannot be drawn.
    essential: drawn at the end of training too; it must be fast.
    moving: its pictures are animated: GIFs.
    """

    module: str
    names: tuple[str, ...]
    needs: str = ""
    essential: bool = False
    moving: bool = False


DIAGNOSTICS = "`training.diagnostics: true`, layers with parameters, and for units an activation that can die"
SOURCES = (
    Source("loss", ("loss",), "a recorded step or epoch", essential=True),
    Source("metrics", ("metrics",), "a metric and a finished epoch", essential=True),
    Source("learning_rate", ("learning_rate",), "a recorded step or epoch"),
    Source("seconds", ("seconds",), "a finished epoch"),
    Source("layer_norms", ("gradients", "updates", "units"), DIAGNOSTICS),
    Source("histograms", ("activations", "gradient_histograms"), DIAGNOSTICS),
    Source("predictions", ("predictions",), "a regression's predictions.npz", essential=True),
    Source("confusion", ("confusion",), "classes and predictions.npz", essential=True),
    Source("regions", ("regions",), "classes and two inputs", essential=True),
    Source("surface", ("surface",), "a regression of two inputs", essential=True),
    Source("residuals", ("residuals",), "a regression's predictions.npz"),
    Source("mistakes", ("mistakes",), "classes, and a wrong prediction"),
    Source("calibration", ("calibration",), "classes and probabilities"),
    Source("curves", ("roc", "precision_recall"), "classes, and rows of two of them"),
    Source("growth", ("growth",), "snapshots.npz"),
    Source("growth", ("growth",), "two snapshots in snapshots.npz", moving=True),
    Source("network", ("network",), "weights.npz"),
    Source("weights", ("weights", "filters"), "weights.npz, and convolutions for their filters"),
    Source("feature_maps", ("feature_maps",), "layers of images, and inside.npz"),
    Source("saliency", ("saliency",), "inside.npz with saliency"),
    Source("importance", ("importance", "dependence"), "a table of two or more columns, and inside.npz"),
)
"""Every picture of a run. A new one is a module in this folder and a line here."""

NAMES = tuple(dict.fromkeys(name for source in SOURCES for name in source.names))


def draw_essential(run: RunDirectory) -> list[Path]:
    """Draw what training shows at its end into the run's plots folder; return the files."""
    return _write(run, [source for source in SOURCES if source.essential], NAMES, "light", "png", None)


def essential_files(run: RunDirectory) -> list[Path]:
    """The files that `draw_essential` drew of a run."""
    names = [name for source in SOURCES if source.essential for name in source.names]
    files = [run.path / "plots" / f"{name}.png" for name in names]
    return [file for file in files if file.is_file()]


def draw_all(
    run: RunDirectory,
    only: Sequence[str] = (),
    *,
    style: str = "light",
    suffix: str = "png",
    folder: Path | None = None,
) -> list[Path]:
    """Draw every picture that the run has numbers for, or `only` those of some names; return the files.

    style: light or dark.   suffix: png, svg or pdf; animations are always gif.
    folder: where to write; by default the run's plots folder.

    NnfsError if a name is unknown, or if the run lacks what one of `only` needs.
    """
    files = _write(run, _sources_of(only), only or NAMES, style, suffix, folder)
    _check_drawn(run, only, {file.stem for file in files})
    return files


def _sources_of(only: Collection[str]) -> list[Source]:
    """The sources that draw the pictures `only`, by default all. NnfsError if a name is unknown."""
    for name in only:
        if name not in NAMES:
            raise NnfsError(f"no plot {name!r}{did_you_mean(name, NAMES)}")
    return [source for source in SOURCES if not only or set(source.names) & set(only)]


def _check_drawn(run: RunDirectory, only: Collection[str], drawn: Collection[str]) -> None:
    """Raise NnfsError with what the run lacks, unless all of `only` were drawn."""
    for name in only:
        if name not in drawn:
            needs = " or ".join(source.needs for source in SOURCES if name in source.names)
            raise NnfsError(f"{run.path} has no plot {name!r}; it needs {needs}")


def draw_comparison(
    runs: Sequence[RunDirectory],
    only: Sequence[str] = (),
    *,
    folder: Path,
    style: str = "light",
    suffix: str = "png",
    named: Sequence[tuple[str, Sequence[RunDirectory]]] = (),
) -> list[Path]:
    """Draw several runs over each other, all pictures or `only` some, into a folder; return the files.

    named: the runs in groups, each with its label; by default runs that differ in seeds alone are one.

    NnfsError if a name of `only` is not one of theirs, or none of the runs has finished an epoch.
    """
    from nnfs_cli.plots import comparison
    from nnfs_cli.plots.style import drawing, save

    for name in only:
        if name not in comparison.NAMES:
            alone = "; that is a picture of one run" if name in NAMES else ""
            raise NnfsError(
                f"--only: several runs have no picture {name!r}{alone}; they have {listed(comparison.NAMES)}"
            )
    with drawing(style), fitting(*runs):
        pictures = comparison.draw(runs, named)
        drawn = {name: axes for name, axes in pictures.items() if name in (only or NAMES)}
        if not drawn:
            raise NnfsError("nothing to draw: none of these runs has finished an epoch, or has a metric")
        make_folder(folder)
        return [
            folder / file for name, axes in drawn.items() for file in save(axes, folder, f"{name}.{suffix}")
        ]


def draw_forest(
    scores: "Sequence[Estimate]",
    differences: "Sequence[Estimate]",
    name: str,
    *,
    folder: Path,
    style: str = "light",
    suffix: str = "png",
) -> Path:
    """Draw the scores `name` of what is compared and the differences to the first one; return the file."""
    from nnfs_cli.plots import forest
    from nnfs_cli.plots.style import drawing, save

    with drawing(style):
        axes = forest.draw(scores, differences, name, scores[0].label)
        make_folder(folder)
        (file,) = save(axes, folder, f"forest.{suffix}")
    return folder / file


def without_epochs(runs: Sequence[RunDirectory]) -> list[str]:
    """The names of the runs that have finished no epoch: a comparison leaves them out."""
    from nnfs_cli.plots.history import History

    return [run_name(run.path) for run in runs if not History(run).epochs]


def figures(run: RunDirectory, only: Collection[str] = ()) -> "dict[str, Figure]":
    """The pictures that do not move as figures, by name, all or `only` some, without files.

    NnfsError if a name is unknown, or if the run lacks what one of `only` needs.
    """
    from nnfs_cli.plots.style import Pictures, drawing, figure_of

    still = [source for source in _sources_of(only) if not source.moving]
    with drawing(), fitting(run):
        drawn = {name: axes for source in still for name, axes in _drawn(run, source)}
    _check_drawn(run, only, drawn)
    return Pictures((name, figure_of(axes)) for name, axes in drawn.items() if not only or name in only)


def _write(
    run: RunDirectory,
    sources: Sequence[Source],
    names: Collection[str],
    style: str,
    suffix: str,
    folder: Path | None,
) -> list[Path]:
    from nnfs_cli.plots.animation import save_animation
    from nnfs_cli.plots.style import drawing, save

    inside = run.path if folder is None else None  # a run may be from someone else
    folder = folder or run.path / "plots"
    if inside is None:
        make_folder(folder)
    files = []
    for source in sources:
        write: Callable[..., list[str]] = save_animation if source.moving else save
        # A picture that needs plugins which may not run is left out, unless it is asked for.
        with drawing(style), fitting(run), suppress(*(() if names is not NAMES else (UntrustedError,))):
            for name, drawn in _drawn(run, source):
                if name in names:
                    files += write(drawn, folder, f"{name}.{'gif' if source.moving else suffix}", inside)
    return [folder / file for file in files]


def _drawn(run: RunDirectory, source: Source) -> "Iterator[tuple[str, Any]]":
    """What a source draws of a run: names with axes, or with animations."""
    module: Any = import_module(f"nnfs_cli.plots.{source.module}")
    draw: Callable[[RunDirectory], dict[str, Axes | Animation]] = (
        module.animate if source.moving else module.draw
    )
    yield from draw(run).items()
