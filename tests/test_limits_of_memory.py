"""What would take more memory than is left is refused with its size, before it is allocated."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nnfs_cli.config.load import parse_config
from nnfs_cli.config.reader import create
from nnfs_cli.core import memory
from nnfs_cli.core.arrays import Array
from nnfs_cli.core.draws import Draws
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.params import FlatParams, Param
from nnfs_cli.datasets.base import DATASETS, Synthetic
from nnfs_cli.engine.network import Network
from nnfs_cli.initializers.zeros import Zeros
from nnfs_cli.layers.base import LAYERS
from nnfs_cli.layers.chain import Chain
from nnfs_cli.optimizers.base import OPTIMIZERS, Optimizer
from nnfs_cli.training.experiment import Experiment
from nnfs_cli.training.memory import numbers_kept
from tests.conftest import Nnfs
from tests.toys import CUBIC, ROOT

IMAGE = "{type: reshape, shape: [1, 1, 1]}"
END = "flatten, {type: dense, units: 1}"
HUGE_LAYERS = [
    "[{type: dense, units: 100000000000}, {type: dense, units: 1}]",
    "[{type: dense, units: 1000000000000000000000000000000}, {type: dense, units: 1}]",
    "[{type: dense, units: 1000000}, {type: dense, units: 1000000}, {type: dense, units: 1}]",
    f"[{IMAGE}, {{type: conv2d, filters: 1000000000000, kernel_size: 1}}, {END}]",
    f"[{IMAGE}, {{type: conv2d, filters: 1, kernel_size: 1000000, padding: 1000000}}, {END}]",
    f"[{IMAGE}, {{type: conv2d, filters: 1, kernel_size: 1, padding: 1000000000, stride: 1000000000}}, {END}]",
    f"[{IMAGE}, {{type: conv_transpose2d, filters: 1, kernel_size: 1000000}}, {END}]",
    f"[{IMAGE}, {{type: conv_transpose2d, filters: 1, kernel_size: 1000000, padding: 499999}}, {END}]",
    f"[{IMAGE}, {{type: max_pool2d, pool_size: 1000000, padding: 500000}}, {END}]",
    f"[{IMAGE}, {{type: avg_pool2d, pool_size: 1000000, padding: 500000}}, {END}]",
    f"[{IMAGE}, {{type: padding2d, padding: 1000000000}}, {END}]",
    f"[{IMAGE}, {{type: upsample2d, factor: 1000000000}}, {END}]",
    f"[{IMAGE}, {{type: upsample2d, factor: [1, 1000000000000], mode: bilinear}}, {END}]",
    "[{type: dense, units: 10}, {type: residual, layers: [{type: dense, units: 100000000000}, {type: dense, units: 10}]}, {type: dense, units: 1}]",
]
HUGE_DATA = [
    "{type: linear, samples: 10, features: 100000000, outputs: 100000}",
    "{type: blobs, samples: 1000, features: 10000000000000}",
    "{type: friedman1, features: 100000000000000}",
]


def refusal(text: str, *overrides: str) -> str:
    with pytest.raises(NnfsError) as caught:
        Experiment(parse_config(text, "t.yaml", overrides))
    return str(caught.value)


@pytest.mark.parametrize("layers", HUGE_LAYERS)
def test_layers_beyond_the_memory_are_refused_with_their_size(layers: str) -> None:
    message = refusal(CUBIC, f"layers={layers}")
    assert " of memory, and " in message
    assert "layers" in message or "training" in message


@pytest.mark.parametrize(
    "name", [name for name in DATASETS if "samples" in DATASETS[name].__dataclass_fields__]
)
def test_so_many_samples_are_refused(name: str) -> None:
    message = refusal(CUBIC, f"dataset={{type: {name}, samples: 1000000000000000}}")
    assert f"the points of {name} would take " in message


@pytest.mark.parametrize("dataset", HUGE_DATA)
def test_points_of_so_many_numbers_are_refused(dataset: str) -> None:
    assert "would take " in refusal(CUBIC, f"dataset={dataset}")


def test_batches_the_outputs_and_an_optimizer_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "NOT_WORTH_ASKING", 0)
    wide = "{type: dense, units: 1000}"
    for left, override, told in (
        (20_000, "training.batch_size=100000", "most of it a batch of 160 rows"),
        (20_000, "training.batch_size=100", "most of it batches of up to 256 rows that are evaluated"),
        (7_000, "layers.0.units=300", "901 parameters with their gradients would take 7.2 KB"),
        (9_000_000, f"layers=[{wide}, {wide}, {{type: dense, units: 1}}]", "arrays for 1,004,001 parameters"),
    ):
        fewer = ["dataset.samples=200", "training.batch_size=1", override]
        monkeypatch.setattr(memory, "memory_left", lambda: 10**9)
        config = parse_config(CUBIC, "t.yaml", fewer)
        Experiment(config)
        monkeypatch.setattr(memory, "memory_left", lambda left=left: left)
        with pytest.raises(NnfsError, match=told):
            Experiment(config)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
@pytest.mark.parametrize("size", [1, 5000])
def test_what_an_optimizer_keeps_is_known_beforehand(name: str, size: int) -> None:
    optimizer: Optimizer = create(Optimizer, name, {"learning_rate": 0.1})
    kept = numbers_kept(optimizer)
    assert not hasattr(optimizer, "scratch"), "the optimizer itself is not built"
    optimizer.build(FlatParams({"W": Param((size,), Zeros())}, {}, "float32"))
    arrays = [optimizer.scratch, *optimizer.state().values()]
    assert kept * size <= sum(array.size for array in arrays) < (kept + 1) * size + 10


@pytest.mark.parametrize("name", list(LAYERS))
def test_the_activations_of_a_row_are_those_of_the_workspace(name: str) -> None:
    for options, shape in LAYERS[name].examples:
        network = Network([create(LAYERS[name], name, _plain(options))], shape, "float32")
        network.use_draws(Draws(np.random.SeedSequence(1)))
        for n in (1, 7):
            arrays = {id(base): base for base in map(_base, _activations(network.workspace(n)))}
            held = sum(np.prod(array.shape) for array in arrays.values()) * 4
            assert network.row_bytes * n <= held + 4096


def _plain(options: object) -> dict[str, object]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in dict(options).items()}  # type: ignore[call-overload]


def _activations(chain: Chain) -> list[Array]:
    chain.forward()
    inner = [each for layer in chain._layers for each in getattr(layer, "_chains", {}).values()]
    return [*chain.activations, *(array for each in inner for array in _activations(each))]


def _base(array: Array) -> Array:
    while array.base is not None:
        array = array.base
    return array


@pytest.mark.parametrize("name", [name for name in DATASETS if issubclass(DATASETS[name], Synthetic)])
def test_points_take_no_less_than_is_said(name: str) -> None:
    dataset = replace(DATASETS[name](), samples=500)
    data = dataset.load(np.random.default_rng(0))
    held = sum(array.nbytes for array in (data.splits["train"].x, data.splits["train"].t))
    assert held <= dataset.least_memory() <= 4 * held


def test_the_limits_of_containers_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "CGROUPS", tmp_path)
    lines = ["3:cpu:/x", "1:memory:/a/b", "0::/c"]
    monkeypatch.setattr(memory, "own_groups", lambda: lines)
    for folder, files in {
        "memory/a": {
            "memory.limit_in_bytes": "5000",
            "memory.usage_in_bytes": "3000",
            "memory.stat": "total_inactive_file 500",
        },
        "memory/a/b": {
            "memory.limit_in_bytes": "9223372036854771712",
            "memory.usage_in_bytes": "1",
            "memory.stat": "",
        },
        "c": {"memory.max": "4000", "memory.current": "3900", "memory.stat": "anon 3\ninactive_file 50"},
        ".": {"memory.max": "max", "memory.current": "7", "memory.stat": ""},
    }.items():
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (tmp_path / folder / name).write_text(f"{text}\n")
    assert memory.memory_left() == 150
    lines.pop()
    assert memory.memory_left() == 2500
    monkeypatch.setattr(memory, "own_groups", list)
    assert memory.memory_left() > 2**20


@pytest.mark.parametrize("size", [0, 2**20, 2**64, 10**400])
def test_a_size_is_short(size: int) -> None:
    assert len(memory.in_bytes(size)) < 400
    assert memory.in_bytes(26_800_000_000) == "26.8 GB"
    assert memory.in_bytes(12) == "12 bytes"


@pytest.mark.slow
@pytest.mark.usefixtures("nnfs")
@pytest.mark.parametrize("gigabytes", [0.6, 1.5, 3])
@pytest.mark.parametrize("command", ["train", "explain", "gradcheck", "doctor", "lr-find"])
def test_a_limit_of_the_process_counts(command: str, gigabytes: float) -> None:
    resource = pytest.importorskip("resource", reason="Windows has no limits", exc_type=ImportError)
    limit = int(gigabytes * 1e9)
    ended = subprocess.run(
        [sys.executable, "-m", "nnfs_cli", command, "cubic.yaml", "--set", "layers.0.units=100000000"],
        env={"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, "Traceback" in ended.stderr) == (2, False)
    assert " of memory, and " in ended.stderr


def test_pictures_and_one_hot_columns_are_counted(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "NOT_WORTH_ASKING", 0)
    Path("t.csv").write_text("a,y\n" + "".join(f"word {i % 150},{i}\n" for i in range(300)))
    monkeypatch.setattr(memory, "memory_left", lambda: 300_000)
    table = "{type: csv, path: t.csv, target: y, categorical: [a]}"
    told = nnfs("train", "cubic.yaml", "--dry-run", "--set", f"dataset={table}")
    assert told.status == 2
    assert "t.csv: 300 rows of 150 numbers would take 360.0 KB of memory, and 300.0 KB are left" in told.err
    for kind in "ab":
        Path("pictures", kind).mkdir(parents=True)
        Image.new("L", (8, 8)).save(f"pictures/{kind}/1.png")
    pictures = "{type: image_folder, path: pictures, size: [1000, 1000]}"
    told = nnfs("train", "cubic.yaml", "--dry-run", "--set", f"dataset={pictures}")
    assert "2 pictures of 1000 x 1000 would take 2.0 MB of memory" in told.err
