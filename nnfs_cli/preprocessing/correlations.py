"""Correlations of the columns of the training rows, and their correlation ratios with classes."""

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
    t: targets (N, M), or the number of one of two classes (N, 1); for more classes empty, (N, 0).
    labels: class numbers (N,), if there are more than two classes.
    names, target_names: the names of the columns of x, and of t or of the classes.
    """

    x: Array
    t: Array
    labels: Array | None
    names: list[str]
    target_names: list[str]

    @classmethod
    def of(cls, data: Data) -> "Correlations":
        """The correlations of a dataset. Of two classes the second is 1, and the target is named after it."""
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
        """How strongly each feature and the first target correlate, (D,): |r| or eta, from 0 to 1."""
        if self.labels is not None:
            return correlation_ratio(self.x, self.labels)
        return np.asarray(np.abs(self.x.T @ self.t[:, 0]))

    def strongest(self, most: int) -> Array:
        """The indices of the `most` strongest features, in rising order; constants count as weakest."""
        order = np.lexsort((-self.strength, ~self.varies))
        return np.sort(order[:most])

    def matrix(self, chosen: Array) -> tuple[list[str], Array]:
        """Names and correlation matrix of the chosen features, followed by the targets.

        For more than two classes the last row holds the correlation ratio eta, and its name says so.
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
    z[:, x.min(axis=0) == x.max(axis=0)] = 0.0  # rounding may leave something else
    length = np.sqrt(np.square(z).sum(axis=0))
    return np.asarray(z / np.where(length > SMALLEST, length, np.inf))


def correlation_ratio(x: Array, labels: Array) -> Array:
    """eta_d = sqrt(sum_k n_k mean_kd^2 / sum_n x_nd^2), (D,): the root of the share of the variance that lies
    between classes.

    x: as `standardized` leaves it, so that the denominator is 1.   Source: Pearson 1905.
    """
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    counts = counts[counts > 0]
    sums = np.add.reduceat(x[order], np.cumsum(counts) - counts, axis=0)
    between = (np.square(sums) / counts[:, None]).sum(axis=0)
    return np.asarray(np.sqrt(np.minimum(between, 1.0)))
