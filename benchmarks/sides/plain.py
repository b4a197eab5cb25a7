"""Plain NumPy in float64, as in walkthroughs: each step makes new arrays, each epoch permutes all rows.

Images are channels last, (N, H, W, C). A convolution is one product with the matrix of all windows.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from workloads import Workload

from nnfs_cli.core.arrays import Array
from sides.base import Trainer, Weights


class Layer(Protocol):
    """A layer whose forward pass keeps what its backward pass needs."""

    def forward(self, x: Array) -> Array: ...

    def backward(self, dy: Array) -> Array: ...

    def update(self, rate: float) -> None: ...


class Fixed:
    """A layer without weights."""

    def update(self, rate: float) -> None:
        pass


class Trained:
    """The base of layers with weights.

    lowest: whether dx is not needed.   mean: whether gradients are divided by the batch size here, because
        the loss is a sum over the batch.
    """

    def __init__(self, W: Array, b: Array, *, lowest: bool, mean: bool) -> None:
        self.W, self.b, self.lowest, self.mean = W, b, lowest, mean

    def keep(self, dW: Array, db: Array, n: int) -> None:
        """Keep the gradients of a batch of n rows."""
        self.dW: Array = dW / n if self.mean else dW
        self.db: Array = db / n if self.mean else db

    def update(self, rate: float) -> None:
        self.W -= rate * self.dW
        self.b -= rate * self.db


class Dense(Trained):
    """y = x W + b"""

    def forward(self, x: Array) -> Array:
        self.x = x
        y: Array = x @ self.W + self.b
        return y

    def backward(self, dy: Array) -> Array:
        self.keep(self.x.T @ dy, np.sum(dy, axis=0), len(dy))
        return dy if self.lowest else dy @ self.W.T


class ReLU(Fixed):
    """max(x, 0), with its derivative as an array of 0.0 and 1.0."""

    def forward(self, x: Array) -> Array:
        self.x = x
        y: Array = np.maximum(x, 0)
        return y

    def backward(self, dy: Array) -> Array:
        dx: Array = dy * np.where(self.x > 0, 1, 0)
        return dx


class MaskedReLU(ReLU):
    """max(x, 0), with boolean indexing in its backward pass."""

    def backward(self, dy: Array) -> Array:
        dx = dy.copy()
        dx[self.x <= 0] = 0
        return dx


class Conv3x3(Trained):
    """Convolution with W (3, 3, C, F) as a product: each window is a row of (N H' W', 9 C)."""

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        windows = sliding_window_view(x, (3, 3), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
        self.outside = windows.shape[:3]
        self.columns = windows.reshape(-1, self.W[..., 0].size)
        y: Array = self.columns @ self.W.reshape(-1, len(self.b)) + self.b
        return y.reshape(*self.outside, -1)

    def backward(self, dy: Array) -> Array:
        rows = dy.reshape(-1, len(self.b))
        self.keep((self.columns.T @ rows).reshape(self.W.shape), np.sum(rows, axis=0), len(dy))
        if self.lowest:
            return dy
        windows = (rows @ self.W.reshape(-1, len(self.b)).T).reshape(*self.outside, *self.W.shape[:3])
        dx = np.zeros(self.shape)
        for i in range(3):
            for j in range(3):
                dx[:, i : i + self.outside[1], j : j + self.outside[2]] += windows[:, :, :, i, j]
        return dx


class MaxPool2x2(Fixed):
    """The maximum of each 2 x 2 pixels. A last odd row or column is ignored."""

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        n, height, width, channels = x.shape
        tiles = x[:, : height // 2 * 2, : width // 2 * 2].reshape(n, height // 2, 2, width // 2, 2, channels)
        self.tiles = tiles.transpose(0, 1, 3, 5, 2, 4).reshape(n, height // 2, width // 2, channels, 4)
        self.winner = self.tiles.argmax(axis=-1)[..., None]
        return np.take_along_axis(self.tiles, self.winner, axis=-1)[..., 0]

    def backward(self, dy: Array) -> Array:
        n, height, width, channels = dy.shape
        tiles = np.zeros(self.tiles.shape)
        np.put_along_axis(tiles, self.winner, dy[..., None], axis=-1)
        spread = tiles.reshape(n, height, width, channels, 2, 2).transpose(0, 1, 4, 2, 5, 3)
        dx = np.zeros(self.shape)
        dx[:, : height * 2, : width * 2] = spread.reshape(n, height * 2, width * 2, channels)
        return dx


class Flatten(Fixed):
    """(N, ...) as (N, D)."""

    def forward(self, x: Array) -> Array:
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, dy: Array) -> Array:
        return dy.reshape(self.shape)


class Plain(Trainer):
    """The networks of two walkthroughs, and a convolutional one written in the same way.

    The network for curves computes dx in every layer, the loss in each step, and ReLU by boolean indexing.
    The network for digits does none of these; its targets are one-hot rows, and each layer divides its
    gradients by the batch size.
    """

    def __init__(self, workload: Workload, threads: str, variant: str = "") -> None:
        super().__init__(workload, threads, variant)
        x, t = workload.arrays()
        self._x = x[..., None] if workload.has_images else x.reshape(len(x), -1)
        self._t = t if workload.regression else np.eye(10)[t].astype(int)
        self._rate = workload.optimizer["learning_rate"]
        self._rng = np.random.default_rng(0)

    def start(self, weights: Weights) -> None:
        self._layers: list[Layer] = []
        self._named: dict[str, Dense | Conv3x3] = {}
        self._channels = 0  # of images that are flattened for a dense layer
        lowest = not self.workload.regression
        for name, options in self.workload.named_layers():
            match options["type"]:
                case "dense" | "conv2d" as kind:
                    W, b = weights[f"{name}/W"].astype(float), weights[f"{name}/b"].astype(float)
                    made = Dense if kind == "dense" else Conv3x3
                    if kind == "conv2d":
                        W, self._channels = W.transpose(2, 3, 1, 0).copy(), len(W)
                    elif self._channels:
                        W = _channels_last(W, self._channels)
                    self._named[name] = made(W, b, lowest=lowest, mean=not self.workload.regression)
                    self._layers.append(self._named[name])
                    lowest = False
                case "relu":
                    self._layers.append(MaskedReLU() if self.workload.regression else ReLU())
                case "max_pool2d":
                    self._layers.append(MaxPool2x2())
                case "flatten" if self.workload.has_images:
                    self._layers.append(Flatten())

    def steps(self, batches: Sequence[Array]) -> None:
        for rows in batches:
            self._step(self._x[rows], self._t[rows])

    def part(self) -> None:
        order = self._rng.permutation(len(self._x))
        x, t = self._x[order], self._t[order]
        for start in range(0, len(x), self.workload.batch):
            here = slice(start, start + self.workload.batch)
            self._step(x[here], t[here])

    def _step(self, x: Array, t: Array) -> None:
        for layer in self._layers:
            x = layer.forward(x)
        if self.workload.regression:
            self.losses = float(np.mean((x - t) ** 2))
            gradient = 2 * (x - t) / t.shape[0]
        else:
            e = np.exp(x - np.max(x, axis=1, keepdims=True))
            gradient = e / np.sum(e, axis=1, keepdims=True) - t
        for layer in reversed(self._layers):
            gradient = layer.backward(gradient)
        for layer in self._layers:
            layer.update(self._rate)

    def weights(self) -> Weights:
        arrays: dict[str, Array] = {}
        for name, layer in self._named.items():
            W = layer.W
            if isinstance(layer, Conv3x3):
                W = W.transpose(3, 2, 0, 1)
            elif self._channels:
                W = _channels_first(W, self._channels)
            arrays |= {f"{name}/W": W, f"{name}/b": layer.b}
        return arrays


def _channels_last(W: Array, channels: int) -> Array:
    """Weights (C H W, M) of flattened images, with rows in the order (H, W, C)."""
    return W.reshape(channels, -1, W.shape[1]).swapaxes(0, 1).reshape(W.shape)


def _channels_first(W: Array, channels: int) -> Array:
    """The inverse of `_channels_last`."""
    return W.reshape(-1, channels, W.shape[1]).swapaxes(0, 1).reshape(W.shape)
