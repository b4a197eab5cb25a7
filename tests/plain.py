"""A neural network written straight from the equations: float64, no buffers, no tricks.

It imports nothing from nnfs_cli. Weights are a list of (W, b), with a ReLU between any two layers.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]
Weights = list[tuple[Array, Array]]


def forward(x: Array, weights: Weights) -> list[Array]:
    """The input of each layer, and then the network's output."""
    inputs = [x]
    for i, (W, b) in enumerate(weights):
        z = inputs[-1] @ W + b
        inputs.append(z if i == len(weights) - 1 else np.maximum(z, 0))
    return inputs


def mse_gradient(z: Array, t: Array) -> Array:
    """The gradient of L = 1/(N M) sum (z - t)^2."""
    return 2 * (z - t) / z.size


def cross_entropy_gradient(z: Array, t: Labels) -> Array:
    """The gradient of L = -1/N sum log softmax(z)_t."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    onehot = np.eye(z.shape[1])[t]
    gradient: Array = (p - onehot) / len(z)
    return gradient


def sgd_step(
    x: Array, t: npt.NDArray[np.generic], weights: Weights, gradient: Callable[..., Array], rate: float
) -> Weights:
    """The weights after one step of gradient descent on the batch x, t."""
    inputs = forward(x, weights)
    delta = gradient(inputs[-1], t)
    updated = []
    for i in reversed(range(len(weights))):
        W, b = weights[i]
        dW = inputs[i].T @ delta
        db = delta.sum(axis=0)
        delta = (delta @ W.T) * (inputs[i] > 0)
        updated.append((W - rate * dW, b - rate * db))
    return updated[::-1]
