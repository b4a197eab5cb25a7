"""nnfs against what PyTorch computed, as recorded under tests/reference/."""

from pathlib import Path

import numpy as np
import pytest

from nnfs_cli.layers.base import LAYERS
from nnfs_cli.losses.base import LOSSES
from nnfs_cli.optimizers.base import OPTIMIZERS
from tests.reference.cases import Case, cases

RECORDED = dict(np.load(Path(__file__).parent / "reference" / "recorded.npz"))
CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_a_component_computes_what_pytorch_does(case: Case) -> None:
    ours = case.ours()
    recorded = {key: array for key, array in RECORDED.items() if key.startswith(f"{case.key}:")}
    assert {f"{case.key}:{name}" for name in ours} == set(recorded)
    for name, array in ours.items():
        np.testing.assert_allclose(array, recorded[f"{case.key}:{name}"], rtol=1e-9, atol=1e-12)


def test_every_layer_loss_and_optimizer_has_a_case() -> None:
    covered = {case.component for case in CASES}
    registered = {f"{r.kind}/{name}" for r in (LAYERS, LOSSES, OPTIMIZERS) for name in r}
    assert registered - covered == set()
