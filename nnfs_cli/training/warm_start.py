"""A warm start: a training that begins with another run's weights, and prepares its inputs as that did."""

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from nnfs_cli.config.experiment import INITIAL_PREPARATION, ExperimentConfig
from nnfs_cli.core.errors import NnfsError, listed
from nnfs_cli.core.params import FlatParams
from nnfs_cli.core.seal import UNTAGGED, SealError, check, contents_of, tag_of, unsealed
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.preprocessing.records import Data
from nnfs_cli.sources.arrays import read_npz
from nnfs_cli.training.loading import load_data

MOST_BYTES = 64 * 2**20
"""Of a preparation."""


def training_data(config: ExperimentConfig, fitted: Preparation | None = None) -> Data:
    """A config's data, prepared as `fitted` says; else as the run did that training starts from, if any."""
    return load_data(config, fitted or starting_preparation(config))


def starting_preparation(config: ExperimentConfig) -> Preparation | None:
    """How the run that training starts from prepared its rows; None without one, or if it has none.

    With `redraw`, classes and targets are the data's own where they are others than that run's. NnfsError if
    the data have other columns, or without `redraw` other classes.
    """
    file = config.starting_preparation_file
    if file is None:
        _refuse_lost(config.weights_file)
        return None
    then, own = _read(file), load_data(config)
    columns, before = ([column.name for column in each.columns] for each in (own, then))
    if columns != before:
        raise NnfsError(
            f"warm_start: {file.parent} has learned from the columns {listed(before) or 'of no table'}, but "
            f"these data have {listed(columns) or 'none'}; `dataset.features` chooses columns"
        )
    has_others = bool(own.classes) != bool(then.classes) or not set(own.classes) <= set(then.classes)
    if not has_others or config.redraw:
        return replace(then, classes=own.classes, targets=own.targets) if has_others else then
    raise NnfsError(
        f"warm_start: {file.parent} tells apart {listed(then.classes) or 'no classes'}, but these data have "
        f"{listed(own.classes) or 'no classes'}; `redraw: true` draws layers of another shape anew"
    )


def start_from(file: Path, params: FlatParams, *, redraw: bool) -> list[str]:
    """Load the weights in a file, but with `redraw` not those of layers that have another shape there.

    Returns sentences on what was done. NnfsError, with what differs, if they are of another network.
    """
    if not file.is_file():
        raise NnfsError(f"warm_start: no such file: {file}")
    _refuse_edited(file)
    weights = read_npz(file)
    others = params.other_layers(weights) if redraw else frozenset[str]()
    taken = {name: array for name, array in weights.items() if _layer(name) not in others}
    drawn = {name: array for name, array in params.arrays().items() if _layer(name) in others}
    if not taken:
        raise NnfsError(f"warm_start: {file} has no layer that is of the same shape here")
    try:
        params.load({**drawn, **taken}, f"warm_start: {file}")
    except NnfsError as error:
        raise NnfsError(f"{error}\n  `redraw: true` draws these layers anew, and takes the others") from None
    if not all(np.isfinite(array).all() for array in taken.values()):
        raise NnfsError(f"warm_start: {file} holds numbers that are not finite")
    said = [f"training starts from the weights in {file}"]
    if drawn:
        names = list(dict.fromkeys(map(_layer, drawn)))
        said.append(f"drawn anew, since they are not in {file.name} with this shape: {listed(names)}")
    return said


def preparation_note(config: ExperimentConfig) -> str:
    """A sentence on how inputs are prepared for the weights that training starts from."""
    if file := config.starting_preparation_file:
        return f"inputs are prepared as in {file.parent}, whatever options of `dataset` say"
    return f"inputs are prepared anew: {config.weights_file.name} alone does not tell how they were before"


def _tag_beside(weights: Path) -> str:
    """The tag of the run whose own weights these are; an empty text for others."""
    return tag_of(weights.with_name("config.yaml")) if weights.name == "weights.npz" else ""


def _refuse_lost(weights: Path) -> None:
    """Raise NnfsError if the weights of a run have lost the preparation that belongs to them."""
    if _tag_beside(weights) and weights.is_file():
        raise NnfsError(
            f"warm_start: {weights.parent} has no preparation.json any more, which tells how its inputs were "
            f"prepared; a copy of {weights.name} elsewhere is taken alone"
        )


def _refuse_edited(weights: Path) -> None:
    """Raise NnfsError unless weights have the seal with which nnfs wrote them, where they must have one."""
    try:
        with zipfile.ZipFile(weights) as archive:
            seal, contents = archive.comment.decode("ascii", "replace"), contents_of(archive)
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile):
        return  # who reads them says more
    try:
        check(seal or None, contents, UNTAGGED if _tag_beside(weights) else "")
    except SealError as error:
        raise NnfsError(f"warm_start: {weights}: {error}") from None


def _layer(name: str) -> str:
    """The layer's name, 0_dense, in that of a parameter, 0_dense/W."""
    return name.partition("/")[0]


def _read(file: Path) -> Preparation:
    """A preparation as nnfs wrote it; a run's copy of another one's has the seal of that run."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ValueError(f"more than {MOST_BYTES / 2**20:.0f} MB")
        record = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(record, dict):
            raise ValueError("it is no mapping")
        tag = "" if file.name == INITIAL_PREPARATION else tag_of(file.with_name("config.yaml"))
        return Preparation.from_record(unsealed(record, tag))
    except KeyError as error:
        raise NnfsError(f"warm_start: {file} cannot be read: it has no {error}") from None
    except (OSError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise NnfsError(f"warm_start: {file} cannot be read: {error}") from None
