"""nnfs against the results of PyTorch and scikit-learn, recorded in tests/reference/."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnfs_cli.core.component import Registry
from nnfs_cli.layers.base import LAYERS
from nnfs_cli.losses.base import LOSSES
from nnfs_cli.metrics.base import METRICS
from nnfs_cli.optimizers.base import OPTIMIZERS
from nnfs_cli.regularizers.base import REGULARIZERS
from nnfs_cli.schedules.base import SCHEDULES
from tests.reference.cases import Case, cases

RECORDED = dict(np.load(Path(__file__).parent / "reference" / "recorded.npz"))
CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_a_component_computes_what_its_peer_does(case: Case) -> None:
    ours = case.ours()
    recorded = {key: array for key, array in RECORDED.items() if key.startswith(f"{case.key}:")}
    assert {f"{case.key}:{name}" for name in ours} == set(recorded)
    tolerance = 1e-8 if case.component.startswith("training/") else 1e-9
    for name, array in ours.items():
        np.testing.assert_allclose(
            array, recorded[f"{case.key}:{name}"], rtol=tolerance, atol=tolerance * 1e-3
        )


def test_every_layer_loss_optimizer_schedule_regularizer_and_metric_has_a_case() -> None:
    covered = {case.component for case in CASES}
    registries: list[Registry[Any]] = [LAYERS, LOSSES, OPTIMIZERS, SCHEDULES, REGULARIZERS, METRICS]
    registered = {
        f"{registry.kind}/{name}"
        for registry in registries
        for name in registry
        if registry[name].__module__.startswith("nnfs_cli.")  # other tests register components of their own
    }
    assert registered - covered == set()
