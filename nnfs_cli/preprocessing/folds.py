"""The folds of a cross-validation: each row is in one of them, and each fold validates once."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, check_options
from nnfs_cli.core.options import Options
from nnfs_cli.core.ranges import NonNegativeInt
from nnfs_cli.preprocessing.by_group import folds_of_groups
from nnfs_cli.preprocessing.by_time import expanding_window


@dataclass(frozen=True)
class Fold(Options):
    """One fold of a cross-validation: its rows are for validation, those of the other folds for training.

    The rows that are not for test are cut into folds whose sizes differ by at most one; of classes, each fold
    has the same share. With a table's `group`, groups stay whole. With its `time`, folds follow each
    other, and each is trained for on the rows before it alone. Hastie, Tibshirani and Friedman, The Elements
    of Statistical Learning, section 7.10.

    fold: the number of the fold, from 0 on.
    of: how many folds there are.
    seed: draws which rows are in which fold, independent of the experiment's seed.
    """

    fold: NonNegativeInt
    of: Annotated[int, Ge(2)]
    seed: NonNegativeInt = 0

    def __post_init__(self) -> None:
        check_options(self, fold=(self.fold < self.of, f"below `of`, which is {self.of}"))

    def split(
        self, rows: Array, labels: Array | None, groups: Array | None = None, times: Array | None = None
    ) -> tuple[Array, Array]:
        """Of rows (R,), those to train on and those of this fold; labels (R,) deal out each class alike.

        groups (R,) keeps rows of the same group together; times (R,) makes folds by `expanding_window`.
        NnfsError if there are more folds than rows, groups or times allow.
        """
        if self.of > len(rows):
            raise NnfsError(
                f"dataset.validation: {self.of} folds need {self.of} rows that are not for test, "
                f"found {len(rows)}"
            )
        if times is not None:
            return expanding_window(rows, self.fold, self.of, times)
        rng = np.random.default_rng(self.seed)
        if groups is not None:
            ours = folds_of_groups(groups, self.of, rng, labels) == self.fold
            return rows[~ours], rows[ours]
        order = rng.permutation(len(rows))
        if labels is not None:
            order = order[np.argsort(labels[order], kind="stable")]
        ours = np.zeros(len(rows), bool)
        ours[order[self.fold :: self.of]] = True  # dealt out in turn, like cards: class after class
        return rows[~ours], rows[ours]
