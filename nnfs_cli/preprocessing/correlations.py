"""How the columns of the training rows go together: correlations, and the correlation ratio with classes."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.preprocessing.description import column_names, sampled_rows, target_names
from nnfs_cli.preprocessing.limits import SMALLEST
from nnfs_cli.preprocessing.records import Data


@dataclass(frozen=True, eq=False)
class Correlations:
    """Features and targets of the sampled training rows, each brought to mean 0 and length 1.

    x: (N, D); zeros where a column never changes.
    t: targets (N, M), or the number of the class (N, 1); of more than two classes nothing, (N, 0).
    labels: class numbers (N,), where there are more than two.
    names, target_names: those of x, and those of t or of the classes.
    """

    x: Array
    t: Array
    labels: Array | None
    names: list[str]
    target_names: list[str]

    @classmethod
    def of(cls, data: Data) -> "Correlations":
        """Those of a dataset. Of two classes the second counts as 1, and the target is named for it."""
        train = data.splits["train"]
        rows = sampled_rows(train)
        x = standardized(train.x[rows].reshape(len(rows), -1))
        t, targets, names = train.t[rows], target_names(data), column_names(data)
        if len(data.classes) > 2:
            return cls(x, np.empty((len(rows), 0)), t, names, targets)
        if data.classes:
            targets = [f"{targets[0]}={data.classes[-1]}"]
        return cls(x, standardized(t.reshape(len(rows), -1)), None, names, targets)

    @cached_property
    def varies(self) -> Array:
        """Which features change at all, (D,)."""
        return np.asarray(self.x.any(axis=0))

    @cached_property
    def strength(self) -> Array:
        """How much each feature tells of the first target, (D,): |r| or eta, from 0 to 1."""
        if self.labels is not None:
            return correlation_ratio(self.x, self.labels)
        return np.asarray(np.abs(self.x.T @ self.t[:, 0]))

    def strongest(self, most: int) -> Array:
        """At most so many features' numbers, rising: those that tell the most, constants last of all."""
        order = np.lexsort((-self.strength, ~self.varies))
        return np.sort(order[:most])

    def matrix(self, chosen: Array) -> tuple[list[str], Array]:
        """Names and correlations of the chosen features, and after them of the targets.

        Of more than two classes it is the correlation ratio eta, and their name says so.
        """
        names = [self.names[i] for i in chosen]
        both = np.concatenate([self.x[:, chosen], self.t], axis=1)
        found = both.T @ both
        if self.labels is None:
            return [*names, *self.target_names], found
        eta = self.strength[chosen]
        whole = np.block([[found, eta[:, None]], [eta[None], np.ones((1, 1))]])
        return [*names, *(f"{name} (η)" for name in self.target_names)], whole


def standardized(x: Array) -> Array:
    """Columns x (N, D) with mean 0 and length 1, in float64; zeros where one never changes."""
    z = x - x.mean(axis=0, dtype=np.float64)
    z[:, x.min(axis=0) == x.max(axis=0)] = 0.0  # of a constant, rounding may leave something
    length = np.sqrt(np.square(z).sum(axis=0))
    return np.asarray(z / np.where(length > SMALLEST, length, np.inf))


def correlation_ratio(x: Array, labels: Array) -> Array:
    """eta_d = sqrt(sum_k n_k mean_kd^2 / sum_n x_nd^2), (D,): the share of the spread between classes.

    x: as `standardized` leaves it, so that the denominator is 1.   Source: Pearson 1905.
    """
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    sums = np.add.reduceat(x[order], np.cumsum(counts) - counts, axis=0)
    between = (np.square(sums) / counts[:, None]).sum(axis=0)
    return np.asarray(np.sqrt(np.minimum(between, 1.0)))
