"""The folds of a cross-validation: each row is in one of them, and each fold validates once."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, check_options
from nnfs_cli.core.options import Options
from nnfs_cli.core.ranges import NonNegativeInt


@dataclass(frozen=True)
class Fold(Options):
    """One fold of a cross-validation: its rows are for validation, those of the other folds for training.

    The rows that are not for test are cut into folds whose sizes differ by at most one; of classes, each fold
    has the same share. Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, section 7.10.

    fold: the number of the fold, from 0 on.
    of: how many folds there are.
    seed: draws which rows are in which fold, independent of the experiment's seed.
    """

    fold: NonNegativeInt
    of: Annotated[int, Ge(2)]
    seed: NonNegativeInt = 0

    def __post_init__(self) -> None:
        check_options(self, fold=(self.fold < self.of, f"below `of`, which is {self.of}"))

    def split(self, rows: Array, labels: Array | None) -> tuple[Array, Array]:
        """Of rows (R,), those to train on and those of this fold; labels (R,) deal out each class alike.

        NnfsError if there are more folds than rows.
        """
        if self.of > len(rows):
            raise NnfsError(
                f"dataset.validation: {self.of} folds need {self.of} rows that are not for test, "
                f"found {len(rows)}"
            )
        order = np.random.default_rng(self.seed).permutation(len(rows))
        if labels is not None:
            order = order[np.argsort(labels[order], kind="stable")]
        ours = np.zeros(len(rows), bool)
        ours[order[self.fold :: self.of]] = True  # dealt out in turn, like cards: class after class
        return rows[~ours], rows[ours]
