"""A run gives the same bytes on one core and on two, with any number of workers, and when resumed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.toys import ROOT

WAYS = [
    "two cores",
    "one core",
    "two cores, then one worker",
    "two cores, busy at times",
    "one core, resumed",
]
SHIPPED = [path for path in sorted((ROOT / "configs").glob("*.yaml")) if path.stem != "digits-csv"]
SMALL = [f"configs/{path.name}" for path in SHIPPED if "mnist" not in path.stem]
IMAGES = [f"configs/{name}.yaml" for name in ("mnist", "mnist-dropout", "mnist-cnn", "mnist-best")]
FEW = "dataset.validation=500"
WIDE = f"configs/mnist.yaml layers.1.units=2048 {FEW}"
"""Wide enough for products in two parts."""


def same_bytes(configs: list[str], folder: Path) -> list[Any]:
    """Check that all ways give the same bytes; for each config the parts and a hash."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    found = {}
    for how in WAYS:
        command = [sys.executable, "-m", "tests.some_steps", how, str(folder), *configs]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        found[how] = dict(zip(configs, json.loads(done.stdout), strict=True))
    for how in WAYS:
        assert found[how] == found[WAYS[0]], how
    return list(found[WAYS[0]].values())


@pytest.mark.slow
def test_small_configs_give_the_same_bytes_on_one_core_and_on_two(tmp_path: Path) -> None:
    assert len(same_bytes(SMALL, tmp_path)) == len(SMALL) > 5


@pytest.mark.slow
def test_a_network_of_images_gives_the_same_bytes_however_many_workers_compute_it(tmp_path: Path) -> None:
    ((parts, _),) = same_bytes([f"configs/mnist-best.yaml {FEW}"], tmp_path)
    assert parts == 2


@pytest.mark.slow
def test_configs_of_images_give_the_same_bytes_on_one_core_and_on_two(tmp_path: Path) -> None:
    found = same_bytes([*IMAGES, "configs/mnist-cnn.yaml training.parts=3", WIDE], tmp_path)
    assert [parts for parts, _ in found] == [1, 2, 2, 2, 3, 2]
