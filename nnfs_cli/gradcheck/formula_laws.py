"""Stated formulas, held to what the component computes."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.formula import Formula
from nnfs_cli.gradcheck.bench import difference
from nnfs_cli.gradcheck.layer_laws import ROWS, Trial
from nnfs_cli.losses.base import Loss


def formulas_hold(trial: Trial) -> str:
    """What a layer's `formulas` state of y, dx and gradients is what its methods compute."""
    bench = trial.bench()
    x, y, dy, dx = bench.passed(*bench.point(ROWS))
    gradients = {f"d{name}": param.grad for name, param in bench.params.items()}
    values = {**bench.layer.formula_values(x, y), "x": x, "y": y, "dy": dy}
    return broken(bench.layer.equations(), values, {"y": y, "dx": dx, **gradients})


def loss_formulas_hold(loss: Loss, seed: int) -> Iterator[str]:
    """What a loss's `formulas` state of L and dz is what its methods compute."""
    for _, z, t in loss.trials(ROWS, 3, np.random.default_rng(seed)):
        dz = np.empty_like(z)
        loss.gradient(z, t, dz)
        real = {"L": np.asarray(loss.value(z, t)), "dz": dz}
        text = broken(loss.equations(), loss.formula_values(z, t), real)
        if text:
            yield text
            return


def broken(formulas: Iterable[Formula], values: Mapping[str, Any], real: Mapping[str, Array]) -> str:
    """How the first formula that gives something else than the real array differs; empty if none does."""
    computed: dict[str, Any] = {}
    for formula in formulas:
        if not formula.unknown <= set(values):
            continue
        try:
            value = formula.value({**values, **computed})
        except (NnfsError, ValueError) as error:
            return f"formula `{formula.text}`: {error}"
        computed[formula.target] = value
        true = real.get(formula.target)
        if true is None:
            continue
        if np.shape(value) != true.shape and np.size(value) != 1:
            return f"formula `{formula.text}` gives an array {np.shape(value)} instead of {true.shape}"
        _, text = difference({formula.target: np.broadcast_to(value, true.shape)}, {formula.target: true})
        if text:
            return f"formula `{formula.text}`: {text}"
    return ""
