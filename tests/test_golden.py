"""Both engines take the recorded steps (golden values) of every shipped config."""

import json

import numpy as np
import pytest

from nnfs_cli.jobs.engine import choose_engine
from tests.reference.golden import FILE, NAMES, build, first_steps
from tests.toys import ROOT

GOLDEN = json.loads(FILE.read_text())
OTHER_KERNELS = 6e-4
"""Tolerance for other BLAS kernels after twenty steps in float32. Adam with images needs the most."""


def test_every_config_has_golden_values() -> None:
    assert sorted(GOLDEN) == NAMES


@pytest.mark.parametrize("engine", ["plain", "fast"])
@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_config_takes_the_recorded_steps(
    name: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    experiment = build(name)
    if engine == "fast":
        choose_engine(experiment)
    assert experiment.engine.name == engine
    found = first_steps(experiment)
    np.testing.assert_allclose(found["losses"], GOLDEN[name]["losses"], rtol=OTHER_KERNELS)
    assert found["sums"].keys() == GOLDEN[name]["sums"].keys()
    for array, sums in found["sums"].items():
        np.testing.assert_allclose(
            sums, GOLDEN[name]["sums"][array], rtol=OTHER_KERNELS, atol=1e-6, err_msg=array
        )
