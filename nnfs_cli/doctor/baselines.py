"""What others reach on the same rows: a constant prediction, a perfect one, a linear model."""

import numpy as np

from nnfs_cli.core.arrays import Array, slices
from nnfs_cli.losses.base import Loss

ROUNDS = 200


def lowest(loss: Loss, z: Array, t: Array, *, constant: bool) -> tuple[Array, float]:
    """The outputs (N, M) with the lowest loss for targets t, by gradient descent from z; and that loss.

    constant: whether every row must have the same output, as of a network that ignores its inputs.
    The step doubles after each success, and halves where the loss falls by less than a tenth of what its
    slope promises.

    Armijo, 1966, Minimization of functions having Lipschitz continuous first partial derivatives.
    """
    z = z.copy()
    dz, step, best = np.empty_like(z), 1.0, loss.value(z, t)
    for _ in range(ROUNDS):
        loss.gradient(z, t, dz)
        change = np.broadcast_to(dz.sum(axis=0), z.shape) if constant else dz * len(z)
        slope = float(np.sum(change * dz, dtype=np.float64))
        while step > 1e-12:
            moved = z - step * change
            value = loss.value(moved, t)
            if value <= best - 0.1 * step * slope:
                break
            step /= 2
        else:
            break
        improved, z, best = best - value, moved, value
        if improved < 1e-9 * max(abs(best), 1e-3):
            break
        step *= 2
    return z, float(best)


def unsure_loss(loss: Loss, t: Array, width: int, size: float) -> float:
    """The largest loss of outputs of this size that know nothing: of random ones, and of equal ones."""
    rng = np.random.default_rng(0)
    outputs = [size * rng.normal(size=(len(t), width)) for _ in range(8)]
    equal = [np.full((len(t), width), side) for side in (-size, size)]
    return max(float(np.mean([loss.value(z, t) for z in outputs])), *(loss.value(z, t) for z in equal))


def row_losses(loss: Loss, z: Array, t: Array) -> Array:
    """(N,) the loss of each row alone."""
    z = np.ascontiguousarray(z, np.float64)
    return np.array([loss.value(z[here], t[here]) for here in slices(len(t), 1)])


def advantage(better: Array, worse: Array) -> tuple[float, float]:
    """The mean of worse - better over rows (N,), and how many standard errors that is from 0."""
    difference = worse - better
    error = float(difference.std(ddof=1)) / np.sqrt(len(difference)) if len(difference) > 1 else 0.0
    mean = float(difference.mean())
    if error == 0.0:
        return mean, float(np.sign(mean)) * np.inf if mean else 0.0
    return mean, mean / error


class LinearModel:
    """z = x W + b by ridge regression, to real targets or to one-hot classes; inputs standardized.

    W = (X^T X + a I)^-1 X^T T. The ridge a of 0.01 N keeps W small where inputs depend on each other.

    Hoerl and Kennard, 1970, Ridge regression: biased estimation for nonorthogonal problems.
    """

    def __init__(self, x: Array, t: Array, classes: int, ridge: float = 0.01) -> None:
        x = x.reshape(len(x), -1).astype(np.float64)
        targets = np.eye(classes)[t] if classes else t.astype(np.float64)
        self._mean, self._std = x.mean(axis=0), x.std(axis=0)
        self._std[self._std == 0.0] = 1.0
        self._b = targets.mean(axis=0)
        scaled = (x - self._mean) / self._std
        gram = scaled.T @ scaled
        gram[np.diag_indices_from(gram)] += len(x) * ridge
        self._W = np.linalg.solve(gram, scaled.T @ (targets - self._b))

    def __call__(self, x: Array) -> Array:
        x = x.reshape(len(x), -1).astype(np.float64)
        return np.asarray((x - self._mean) / self._std @ self._W + self._b)
