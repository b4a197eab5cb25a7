"""The error of central differences as a function of the step: the picture that explains h = 1e-5."""

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.gradcheck.compare import SMALLEST, along_entry, sample
from nnfs_cli.gradcheck.differences import central
from nnfs_cli.gradcheck.subject import Subject

STEPS = np.logspace(-1, -12, 23)
ENTRIES = 12

Curves: TypeAlias = Mapping[str, Array]


def error_by_step(subject: Subject, seed: int = 0) -> Curves:
    """For each tensor, the median relative error at each of STEPS over a few entries."""
    rng = np.random.default_rng(seed)
    curves = {}
    for (name, values), analytic in zip(subject.tensors, subject.gradients(), strict=True):
        errors = []
        middle = subject.loss()
        for index in sample(values.shape, rng, ENTRIES):
            at = along_entry(subject.loss, values, index)
            a = float(analytic[index])
            slopes = np.array([central(at, float(h), middle)[0] for h in STEPS])
            errors.append(np.abs(slopes - a) / np.maximum(np.maximum(np.abs(slopes), abs(a)), SMALLEST))
        curves[f"{subject.name}: {name}"] = np.median(errors, axis=0)
    return curves
