"""All checks, one after the other."""

from collections.abc import Iterator, Sequence

import numpy as np

from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.doctor import (
    column_checks,
    network_checks,
    pace_checks,
    size_checks,
    split_checks,
    training_checks,
)
from nnfs_cli.doctor.finding import CHECKS, Finding
from nnfs_cli.doctor.subject import Subject

MODULES = (column_checks, size_checks, split_checks, network_checks, training_checks, pace_checks)
"""They are imported to fill CHECKS, and give the order: first what needs no training."""


def choose(only: Sequence[str] = ()) -> list[str]:
    """The names of all checks, or these; NnfsError for one that there is not."""
    for name in only:
        if name not in CHECKS:
            raise NnfsError(f"no check {name!r}{did_you_mean(name, CHECKS)}")
    by_module = {module.__name__: k for k, module in enumerate(MODULES)}
    names = sorted(CHECKS, key=lambda name: by_module[CHECKS[name].run.__module__])
    return [name for name in names if not only or name in only]


def examine(subject: Subject, names: Sequence[str]) -> Iterator[Finding]:
    """The finding of each check. What overflows is seen in the findings, and needs no warning of NumPy's."""
    for name in names:
        with np.errstate(all="ignore"):
            finding = CHECKS[name](subject)
        yield finding
