"""A first config, written for a table or an array, or as an example."""

import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nnfs_cli.config.dialect import dump_inline
from nnfs_cli.config.load import parse_config
from nnfs_cli.config.names import name_from
from nnfs_cli.config.reader import create
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import write_new
from nnfs_cli.core.spelling import is_printable, printable, printable_name, typed
from nnfs_cli.datasets.base import Dataset
from nnfs_cli.jobs.new_comments import baseline, beside, categories, inputs
from nnfs_cli.jobs.new_table import table_options
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.sources.arrays import open_npz, shapes_in_npz
from nnfs_cli.training.experiment import Experiment

STEPS = 4000
"""About how many steps a new config trains."""

INPUTS = re.compile(r"x|x_train|train_x|train_images|images|data|features", re.IGNORECASE)
TARGETS = re.compile(r"y|y_train|train_y|train_labels|labels?|targets?", re.IGNORECASE)
"""The usual names of arrays in an .npz file."""

Options = dict[str, Any]
EXAMPLE: Options = {"type": "moons", "samples": 400, "noise": 0.2}
HELD_OUT: Sequence[Options] = ({"validation": 0.15, "test": 0.15}, {"validation": 0.2}, {})
"""Which rows to hold out; the first of these that the data allow."""


def new_config(name: str, source: str = "", targets: Sequence[str] = ()) -> Path:
    """Write `name`.yaml, a config that trains as it stands, and return its path.

    source: a table, a pattern of tables, or an .npz file; by default a synthetic example.
    targets: the columns to predict.

    NnfsError if the file exists already, or if nothing can be learned from the source.
    """
    source = str(Path(source).expanduser()) if source else ""
    stem = re.split(r"[\\/]", source)[-1].split(".")[0]
    file = Path(name or name_from(stem if source else "first"))
    if not file.name.strip(" .") or file.name.startswith("-") or not is_printable(file.name):
        raise NnfsError(f"--name: must be the name of a file, in letters, without - in front; found {name!r}")
    file = file if file.suffix in (".yaml", ".yml") else file.with_name(f"{file.name}.yaml")
    if file.exists():
        raise NnfsError(f"{file}: already exists; `--name NAME` names another file")
    if not file.absolute().parent.is_dir():
        raise NnfsError(f"{file}: there is no folder {file.parent}")
    options, comments = _options(source, targets)
    options, data = _loaded(options)
    if "path" in options:
        options["path"] = _seen_from(file, options["path"])
    text = _text(file, options, data, comments)
    experiment = Experiment(parse_config(text, str(file), folder=file.parent))  # it must fit together
    write_new(file, _text(file, options, data, comments, baseline(experiment)).encode())
    return file


def _options(source: str, targets: Sequence[str]) -> tuple[Options, list[str]]:
    """The dataset's options, and comments on them."""
    if not source:
        if targets:
            raise NnfsError("--target: needs a table: `nnfs init TABLE --target COLUMN`")
        return EXAMPLE, ["Two half moons, one class each, drawn at random."]
    if source.endswith(".npz"):
        return _npz_options(source, targets), []
    return table_options(source, targets)


def _npz_options(source: str, targets: Sequence[str]) -> Options:
    """The options for an .npz file: its arrays of inputs and targets, by their usual names."""
    names = shapes_in_npz(Path(source))
    x = next(filter(INPUTS.fullmatch, names), "")
    y = next((name for name in names if name in targets or (not targets and TARGETS.fullmatch(name))), "")
    if not x or not y:
        raise NnfsError(
            f"{source} holds {', '.join(names)}; which are inputs and targets? "
            f"Write `dataset: {{type: npz, path: {source}, x: ..., y: ...}}` yourself"
        )
    how = "scale" if open_npz(Path(source), x).dtype == np.uint8 else "standardize"
    return {"type": "npz", "path": source, "x": x, "y": y, how: True}


def _text(file: Path, options: Options, data: Data, comments: Sequence[str], to_beat: str = "") -> str:
    """The whole config: the dataset's options as they are, the rest by what is in the data."""
    steps = math.ceil(len(data.splits["train"]) / 32)
    patience = ["  patience: 30 # stop after 30 epochs without a better validation loss"]
    train = printable_name(typed("train", file.name))
    said = {key: f" {_comment(text)}" for key, text in beside(options, data).items()}
    lines = [
        f"# `{train}` trains it; `nnfs components` lists all that can stand here.",
        f"name: {dump_inline(name_from(file.stem))}",
        "seed: 0 # draws the first weights, the splits and the order of rows",
        "",
        *(_comment(each) for each in (*data.notes, *categories(data), *comments)),
        "dataset:",
        *(f"  {key}: {dump_inline(value)}{said.get(key, '')}" for key, value in options.items()),
        "",
        f"layers: # {inputs(data)}",
        *(f"  - {layer}" for layer in _layers(data)),
        "",
        *_goal(data, to_beat),
        "optimizer: {type: adam, learning_rate: 0.001}",
        "",
        "training:",
        f"  epochs: {min(max(math.ceil(STEPS / steps), 5), 300)}",
        "  batch_size: 32 # rows per step",
        *(patience if "validation" in data.splits else []),
    ]
    return "\n".join(lines) + "\n"


def _loaded(options: Options) -> tuple[Options, Data]:
    """The options with rows held out, and the data that they give."""
    mistake = None
    for held_out in HELD_OUT:
        kind = options["type"]
        try:
            given = {key: value for key, value in options.items() if key != "type"} | held_out
            return options | held_out, create(Dataset, kind, given).load(np.random.default_rng(0))
        except NnfsError as error:
            mistake = error
    raise mistake or NnfsError("no data")


def _layers(data: Data) -> list[str]:
    """Two hidden layers, or one for few rows; an output for each class or target."""
    width = 128 if np.prod(data.input_shape) > 100 else 64
    hidden = [f"{{type: dense, units: {width}}}", "relu"]
    outputs, each = len(data.classes) or data.target_width, "class" if data.classes else "target"
    return [
        *(["flatten"] if len(data.input_shape) > 1 else []),
        *(hidden * (2 if len(data.splits["train"]) >= 500 else 1)),
        f"{{type: dense, units: auto}} # one for each {each}, here {outputs}",
    ]


def _goal(data: Data, to_beat: str) -> list[str]:
    if data.classes:
        return [
            "loss: cross_entropy # of softmax probabilities; the last layer gives logits",
            f"metrics: [accuracy, f1] # {to_beat}",
        ]
    return ["loss: mse", f"metrics: [rmse, r2] # in the target's own units; {to_beat}"]


def _comment(text: str) -> str:
    """A text as a comment of one line."""
    return f"# {printable(' '.join(text.split()))}"


def _seen_from(config: Path, path: str) -> str:
    """A path as a config writes it: from the config's folder, unless it is absolute."""
    return path if Path(path).is_absolute() else Path(os.path.relpath(path, config.parent)).as_posix()
