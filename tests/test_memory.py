"""Memory stays flat: no step allocates an array of a batch's size, and no mapped file is ever copied.

The tests measure all that NumPy and Python allocate while whole configs are trained.
"""

import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from nnfs_cli.config.load import parse_config
from nnfs_cli.config.reader import create
from nnfs_cli.core.arrays import Array
from nnfs_cli.engine.network import EVALUATION_BATCH_SIZE, Network
from nnfs_cli.jobs.engine import choose_engine
from nnfs_cli.losses.base import LOSSES, Loss
from nnfs_cli.optimizers.base import OPTIMIZERS
from nnfs_cli.regularizers.base import REGULARIZERS
from nnfs_cli.schedules.base import SCHEDULES
from nnfs_cli.speed.engine import FastEngine
from nnfs_cli.speed.inference import ThreadInference
from nnfs_cli.speed.rows import RowsEngine
from nnfs_cli.training import loop as trainer
from nnfs_cli.training.evaluation import evaluate, outputs
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.model import Model

ROWS, FEATURES, HIDDEN = 7000, 128, 64
BATCH = 4096
"""Rows of a batch. An epoch has one such batch, and one of 2,904 rows."""

FEW, A_NUMBER = 3, 8
"""A step may allocate a few numbers per row, such as a maximum or a sum of its outputs; bytes per number."""

BUFFERS_OF_NUMPY = 3 * 2**16
"""NumPy's own buffers: up to 8,192 numbers for each of an operation's three arrays, in bytes."""

LOSS_CASES = [
    pytest.param(name, options, task, id=f"{name}-{options}-{task}")
    for name in LOSSES
    for options in LOSSES[name].examples
    for task in LOSSES[name].tasks
]
REGULARIZER_CASES = [
    pytest.param({"type": name, **options}, id=f"{name}-{options}")
    for name in REGULARIZERS
    for options in REGULARIZERS[name].examples
]
TRAINING_CASES: list[dict[str, Any]] = [
    {"accumulate": 2},
    {"clip_norm": 0.1, "clip_value": 0.01},
    {"ema": 0.99},
    {"threads": 1},
    {"engine": "plain"},
    {"engine": "plain", "accumulate": 2},
]


@pytest.fixture(autouse=True)
def in_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def save_rows(x: Array, task: str = "classification", outputs: int = 3) -> None:
    """Write x.npy, and y.npy with classes, or targets between 0 and 1, which all losses take."""
    rng = np.random.default_rng(1)
    classes = rng.permutation(np.arange(len(x)) % outputs)
    np.save("x.npy", x)
    np.save("y.npy", classes if task == "classification" else rng.random((len(x), outputs)))


def numbers() -> Array:
    return np.random.default_rng(0).normal(size=(ROWS, FEATURES)).astype(np.float32)


def pixels(rows: int, shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(0).integers(0, 256, (rows, *shape)).astype(np.uint8)


def experiment(
    layers: Sequence[Any] = (), training: dict[str, Any] | None = None, **config: Any
) -> Experiment:
    """A config's experiment of two epochs, with its default engine."""
    mlp = [{"type": "dense", "units": HIDDEN}, "relu", {"type": "dense", "units": 3}]
    content = {
        "name": "memory",
        "dataset": {"type": "npy", "x": "x.npy", "y": "y.npy"},
        "layers": list(layers) or mlp,
        "loss": "cross_entropy",
        "optimizer": {"type": "sgd", "learning_rate": 1e-4},
        "training": {"epochs": 2, "batch_size": BATCH, "log_every": 10**9, **(training or {})},
        **config,
    }
    made = Experiment(parse_config(yaml.safe_dump(content), "memory.yaml", ()))
    choose_engine(made)
    return made


def check_steps(ours: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train. After the first step of each batch size, steps may allocate only little memory."""
    threads = ours.engine.parts // ours.engine.workers  # that compute at the same time in this process
    step, batch_sizes, allocated = ours.engine.step, set[int](), list[tuple[int, int]]()

    def measured(here: slice, number: int, learning_rate: float) -> None:
        rows = here.stop - here.start
        if rows not in batch_sizes:
            batch_sizes.add(rows)
            step(here, number, learning_rate)
            return
        tracemalloc.start()
        step(here, number, learning_rate)
        allocated.append((rows, tracemalloc.get_traced_memory()[1]))
        tracemalloc.stop()

    monkeypatch.setattr(ours.engine, "step", measured)
    for _ in trainer.train(ours):
        pass
    assert len(allocated) == len(batch_sizes) > 0
    for rows, peak in allocated:
        assert peak < FEW * A_NUMBER * rows + threads * BUFFERS_OF_NUMPY, f"a step of {rows} rows"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("source", ["bytes", "numbers"])
def test_a_step_allocates_nothing_batch_sized(
    dtype: str, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_rows(pixels(ROWS, (FEATURES,)) if source == "bytes" else numbers())
    check_steps(experiment(dtype=dtype), monkeypatch)


@pytest.mark.parametrize("momentum", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}], ids=str)
def test_momentum_and_weight_decay_allocate_nothing(
    momentum: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    save_rows(numbers())
    sgd = {"type": "sgd", "learning_rate": 1e-4, "weight_decay": 1e-3, **momentum}
    check_steps(experiment(optimizer=sgd), monkeypatch)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_no_optimizer_allocates(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    save_rows(numbers())
    check_steps(experiment(optimizer={"type": name, "learning_rate": 1e-4}), monkeypatch)


@pytest.mark.parametrize("name", list(SCHEDULES))
def test_no_schedule_allocates(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    save_rows(numbers())
    check_steps(experiment(schedule=name), monkeypatch)


@pytest.mark.parametrize("regularizer", REGULARIZER_CASES)
def test_no_regularizer_allocates(regularizer: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    save_rows(numbers())
    check_steps(experiment(regularizer=regularizer), monkeypatch)


@pytest.mark.parametrize("training", TRAINING_CASES, ids=str)
def test_no_way_of_training_allocates(training: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    save_rows(numbers())
    if "accumulate" in training:
        training = {"batch_size": BATCH // 2, **training}
    check_steps(experiment(training=training), monkeypatch)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "options", "task"), LOSS_CASES)
def test_no_loss_allocates(
    name: str, options: Any, task: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = create(Loss, name, options)
    # As many outputs as in `trials`: some losses have one output for two classes.
    z = next(z for kind, z, _ in loss.trials(1, 3, np.random.default_rng(0)) if kind == task)
    save_rows(numbers(), task, max(z.shape[1], 2))
    layers = [{"type": "dense", "units": HIDDEN}, "tanh", {"type": "dense", "units": z.shape[1]}]
    check_steps(experiment(layers, loss={"type": name, **options}, dtype=dtype), monkeypatch)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normalizing_and_dropping_layers_allocate_nothing(
    dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_rows(numbers())
    layers = [
        {"type": "dense", "units": HIDDEN}, "batch_norm", "relu", {"type": "dropout", "rate": 0.3},
        {"type": "residual", "layers": [{"type": "dense", "units": HIDDEN}, "layer_norm", "gelu"]},
        {"type": "dense", "units": 3},
    ]  # fmt: skip
    check_steps(experiment(layers, dtype=dtype), monkeypatch)


SIDE, IMAGES = 16, 900
IMAGE_BATCH = 512
CNN: list[Any] = [
    {"type": "reshape", "shape": [1, SIDE, SIDE]},
    {"type": "conv2d", "filters": 16, "kernel_size": 3, "padding": "same"},
    "batch_norm", "relu", "max_pool2d",
    {"type": "dropout2d", "rate": 0.2},
    {"type": "conv2d", "filters": 16, "kernel_size": 3},
    "relu", "max_pool2d", "flatten",
    {"type": "dense", "units": 3},
]  # fmt: skip
AUGMENTATIONS: list[dict[str, Any] | None] = [
    None, {"shift": 2}, {"rotation": 10, "zoom": 0.1, "shear": 5}, {"shift": 1, "elastic": {"alpha": 1.0}},
]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("source", ["bytes", "numbers"])
@pytest.mark.parametrize("augment", AUGMENTATIONS, ids=str)
def test_a_step_on_images_allocates_nothing_batch_sized(
    augment: dict[str, Any] | None, source: str, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = pixels(IMAGES, (SIDE, SIDE))
    save_rows(images if source == "bytes" else images.astype(dtype))
    dataset = {"type": "npy", "x": "x.npy", "y": "y.npy", "augment": augment}
    training = {"batch_size": IMAGE_BATCH, "threads": 1}
    check_steps(experiment(CNN, training, dataset=dataset, dtype=dtype), monkeypatch)


def test_a_step_shared_among_processes_allocates_nothing_in_the_one_that_leads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save_rows(pixels(IMAGES, (SIDE, SIDE)))
    ours = experiment(CNN, {"batch_size": IMAGE_BATCH, "threads": 2})
    assert isinstance(ours.engine, RowsEngine)
    check_steps(ours, monkeypatch)


@pytest.mark.parametrize("threads", [1, 2, "plain"])
def test_evaluation_allocates_no_floats_for_its_pieces(threads: int | str) -> None:
    features, pieces = 2000, 20
    rows = pieces * EVALUATION_BATCH_SIZE
    save_rows(pixels(rows, (features,)))
    how = {"engine": "plain"} if threads == "plain" else {"threads": threads}
    ours = experiment(training={"batch_size": 100, **how})
    model = Model(ours.config, ours.preparation, ours.network.params.arrays(), "here")
    choose_engine(model)
    for network in [*networks_of(ours.engine), *networks_of(model.infer), ours.network, model.network]:
        network.workspace(EVALUATION_BATCH_SIZE)
    split = ours.data.splits["train"]
    calls: list[Callable[[], Array]] = [lambda: outputs(ours, split), lambda: model.outputs(split.x)]
    for call in calls:
        tracemalloc.start()
        call()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < EVALUATION_BATCH_SIZE * features * 4


def networks_of(subject: object) -> list[Network]:
    """The networks of the threads that compute an engine's or a model's outputs."""
    inference = subject._inference if isinstance(subject, FastEngine) else subject
    if not isinstance(inference, ThreadInference):
        return []
    threads = inference._threads
    return inference._networks_for(threads if threads != "auto" else 1)


def mapped_dataset(kind: str, dtype: str) -> dict[str, Any]:
    """A dataset of 10,000 rows in files that are mapped into memory, larger than what a score's interval takes."""
    x = pixels(10_000, (1200,)).astype(dtype)
    save_rows(x)
    if kind == "npz":
        np.savez("rows.npz", allow_pickle=False, X=x, y=np.load("y.npy"))
        return {"type": "npz", "path": "rows.npz"}
    if kind == "columns":
        np.save("x.npy", np.asfortranarray(x))
    return {"type": "npy", "x": "x.npy", "y": "y.npy"}


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("kind", ["npy", "npz", "columns"])
def test_a_mapped_file_stays_mapped_and_is_never_copied(kind: str, dtype: str) -> None:
    dataset = {**mapped_dataset(kind, dtype), "validation": 1000, "test": 1000, "standardize": True}
    layers = [{"type": "dense", "units": 3}]
    tracemalloc.start()
    ours = experiment(layers, {"batch_size": 100}, dataset=dataset)
    x = ours.data.splits["train"].x
    for split in ours.data.splits.values():
        assert split.x is x
    assert isinstance(x, np.memmap)
    for _ in trainer.train(ours):
        pass
    evaluate(ours, "test")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes, f"{peak:,} of {x.nbytes:,} bytes"
