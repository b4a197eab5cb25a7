"""What differs between two runs: options, plugins, scores, what trained them and where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnfs_cli.core.errors import NnfsError, listed
from nnfs_cli.core.spelling import typed
from nnfs_cli.jobs.options_compared import Change, option_changes
from nnfs_cli.jobs.recorded import (
    ENVIRONMENT,
    TRAINING,
    Score,
    facts,
    plain_options,
    plugin_changes,
    recorded_scores,
)
from nnfs_cli.runs.directory import RunDirectory
from nnfs_cli.runs.finding import run_folders, study_folder


@dataclass(frozen=True)
class Diff:
    """Two runs side by side.

    options: the options that differ.
    plugins: the files of plugins that differ.
    scores: by split and name, each one's score; None where it has none.
    training, environment: facts by name, of both, equal or not.
    """

    a: str
    b: str
    options: tuple[Change, ...]
    plugins: tuple[str, ...]
    scores: Mapping[str, Mapping[str, tuple[Score | None, Score | None]]]
    training: Mapping[str, tuple[Any, Any]]
    environment: Mapping[str, tuple[Any, Any]]

    def to_json(self) -> dict[str, Any]:
        return {
            "a": self.a,
            "b": self.b,
            "config": [change.to_json() for change in self.options],
            "plugins": list(self.plugins),
            "scores": {
                split: {
                    name: _both(*(score and score.to_json() for score in pair))
                    for name, pair in names.items()
                }
                for split, names in self.scores.items()
            },
            "training": {name: _both(*pair) for name, pair in self.training.items()},
            "environment": {name: _both(*pair) for name, pair in self.environment.items()},
        }


def refuse_studies(root: Path, references: Sequence[str]) -> None:
    """Raise NnfsError if a path or an id names a study."""
    for reference in references:
        folder = study_folder(root, reference)
        if folder is not None:
            runs = listed([f"{folder / path.name}" for path in sorted(run_folders(folder))], 1)
            raise NnfsError(
                f"{reference} is a study: `{typed('compare', *references)}` compares studies; diff takes two "
                f"runs{f', such as {runs}' if runs else ''}"
            )


def diff_runs(a: RunDirectory, b: RunDirectory) -> Diff:
    """What differs between two runs. NnfsError if a summary or a config cannot be read."""
    one, other = a.summary(), b.summary()
    of_a, of_b = recorded_scores(one), recorded_scores(other)
    return Diff(
        a=a.id,
        b=b.id,
        options=tuple(option_changes(plain_options(a), plain_options(b))),
        plugins=tuple(plugin_changes(a, b)),
        scores={split: _side_by_side(of_a.get(split, {}), of_b.get(split, {})) for split in {**of_a, **of_b}},
        training=_side_by_side(facts(one, TRAINING), facts(other, TRAINING)),
        environment=_side_by_side(facts(one, ENVIRONMENT), facts(other, ENVIRONMENT)),
    )


def _side_by_side(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (a.get(name), b.get(name)) for name in {**a, **b}}


def _both(a: Any, b: Any) -> dict[str, Any]:
    return {"a": a, "b": b}
