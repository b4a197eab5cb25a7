"""The gradient check on components as users write them: it finds each wrong one, and no other."""

from typing import Any

import numpy as np
import pytest

from nnfs_cli.core.component import Registry
from nnfs_cli.jobs.gradcheck import GradientCheck, check_components
from nnfs_cli.layers.base import LAYERS
from nnfs_cli.losses.base import LOSSES
from nnfs_cli.regularizers.base import REGULARIZERS
from tests import own_components as own
from tests.own_components import Case

SEEDS = range(3)
FAMILIES: list[tuple[Registry[Any], list[Case], list[Case]]] = [
    (LAYERS, own.WRONG, own.RIGHT),
    (LOSSES, own.WRONG_LOSSES, own.RIGHT_LOSSES),
    (REGULARIZERS, own.WRONG_REGULARIZERS, own.RIGHT_REGULARIZERS),
]


def cases(which: int) -> list[Any]:
    return [
        pytest.param(family[0], case, id=f"{family[0].kind}-{case.name}")
        for family in FAMILIES
        for case in family[which]
    ]


def checked(registry: Registry[Any], case: Case, seed: int) -> GradientCheck:
    registry.register("own")(case.cls)
    return check_components(only=["own"], seed=seed)


def said(found: GradientCheck) -> str:
    (report,) = found.reports
    return "\n".join(
        f"{getattr(f, 'worst', '')} {getattr(f, 'tensor', '')}[ {f.subject} {f.diagnosis}"
        for f in report.findings
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("registry", "case"), cases(1))
def test_a_wrong_component_is_found_and_its_mistake_is_told(
    registry: Registry[Any], case: Case, seed: int
) -> None:
    found = checked(registry, case, seed)
    assert not found.passed
    assert case.says.removesuffix("[") in said(found)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("registry", "case"), cases(2))
def test_a_right_component_raises_no_alarm(registry: Registry[Any], case: Case, seed: int) -> None:
    found = checked(registry, case, seed)
    assert found.passed, said(found)
