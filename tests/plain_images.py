"""Layers of images written straight from the equations: loops over pixels, no buffers, no tricks.

It imports nothing from nnfs_cli. Each function takes x (N, C, H, W) and dy, and returns y, dx and the
gradients of the parameters, if any.
"""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Pair = tuple[int, int]


class Place(NamedTuple):
    """Place (i, j) of window (r, s), which lies on the pixel (row, column) of the image."""

    r: int
    s: int
    i: int
    j: int
    row: int
    column: int


def both(option: Any) -> Pair:
    return (option, option) if isinstance(option, int) else option


def places(
    windows: Pair, image: Pair, size: Pair, stride: Pair, dilation: Pair, corner: Pair
) -> Iterator[Place]:
    """All places within the image. The first window starts `corner` pixels above and left of it."""
    for r, s, i, j in itertools.product(*map(range, (*windows, *size))):
        row = r * stride[0] + i * dilation[0] - corner[0]
        column = s * stride[1] + j * dilation[1] - corner[1]
        if 0 <= row < image[0] and 0 <= column < image[1]:
            yield Place(r, s, i, j, row, column)


def conv2d(x: Array, dy: Array, W: Array, b: Array | None = None, **options: Any) -> tuple[Array, ...]:
    stride, dilation = both(options.get("stride", 1)), both(options.get("dilation", 1))
    groups, padding = options.get("groups", 1), options.get("padding", "valid")
    size, image = W.shape[2:], x.shape[2:]
    sides = list(zip(image, size, stride, dilation, strict=True))
    if padding == "same":
        counts = [-(-n // s) for n, _, s, _ in sides]
        spans = [(m - 1) * s + (k - 1) * d + 1 for m, (_, k, s, d) in zip(counts, sides, strict=True)]
        top, left = (max(span - n, 0) // 2 for span, n in zip(spans, image, strict=True))
    else:
        top, left = both(0 if padding == "valid" else padding)
        padded = (image[0] + 2 * top, image[1] + 2 * left)
        counts = [(n - (k - 1) * d - 1) // s + 1 for n, (_, k, s, d) in zip(padded, sides, strict=True)]
    y, dx, dW = np.zeros((len(x), len(W), *counts)), np.zeros_like(x), np.zeros_like(W)
    for at in places((counts[0], counts[1]), image, size, stride, dilation, (top, left)):
        for f, c in np.ndindex(W.shape[:2]):
            channel = f // (len(W) // groups) * W.shape[1] + c
            y[:, f, at.r, at.s] += W[f, c, at.i, at.j] * x[:, channel, at.row, at.column]
            dx[:, channel, at.row, at.column] += W[f, c, at.i, at.j] * dy[:, f, at.r, at.s]
            dW[f, c, at.i, at.j] += dy[:, f, at.r, at.s] @ x[:, channel, at.row, at.column]
    return (y, dx, dW) if b is None else (y + b[:, None, None], dx, dW, dy.sum(axis=(0, 2, 3)))


def conv_transpose2d(
    x: Array, dy: Array, W: Array, b: Array | None = None, **options: Any
) -> tuple[Array, ...]:
    stride, dilation = both(options.get("stride", 1)), both(options.get("dilation", 1))
    groups, padding = options.get("groups", 1), both(options.get("padding", 0))
    y, dx, dW = np.zeros_like(dy), np.zeros_like(x), np.zeros_like(W)
    per_group = len(W) // groups
    for at in places(x.shape[2:], y.shape[2:], W.shape[2:], stride, dilation, padding):
        for c, f in np.ndindex(W.shape[:2]):
            to = c // per_group * W.shape[1] + f
            y[:, to, at.row, at.column] += W[c, f, at.i, at.j] * x[:, c, at.r, at.s]
            dx[:, c, at.r, at.s] += W[c, f, at.i, at.j] * dy[:, to, at.row, at.column]
            dW[c, f, at.i, at.j] += dy[:, to, at.row, at.column] @ x[:, c, at.r, at.s]
    return (y, dx, dW) if b is None else (y + b[:, None, None], dx, dW, dy.sum(axis=(0, 2, 3)))


def max_pool2d(x: Array, dy: Array, **options: Any) -> tuple[Array, ...]:
    y, dx = np.full_like(dy, -np.inf), np.zeros_like(x)
    for n, c in np.ndindex(x.shape[:2]):
        where = {}
        for at in pool(x, dy, **options):
            if x[n, c, at.row, at.column] > y[n, c, at.r, at.s]:  # the first of equal ones counts
                y[n, c, at.r, at.s] = x[n, c, at.row, at.column]
                where[at.r, at.s] = (at.row, at.column)
        for (r, s), (row, column) in where.items():
            dx[n, c, row, column] += dy[n, c, r, s]
    return y, dx


def avg_pool2d(x: Array, dy: Array, count_include_padding: bool = True, **options: Any) -> tuple[Array, ...]:
    y, dx, m = np.zeros_like(dy), np.zeros_like(x), np.zeros(dy.shape[2:])
    for at in pool(x, dy, **options):
        m[at.r, at.s] += 1
    if count_include_padding:
        m[...] = np.prod(both(options.get("pool_size", 2)))
    for at in pool(x, dy, **options):
        y[:, :, at.r, at.s] += x[:, :, at.row, at.column] / m[at.r, at.s]
        dx[:, :, at.row, at.column] += dy[:, :, at.r, at.s] / m[at.r, at.s]
    return y, dx


def pool(x: Array, dy: Array, pool_size: Any = 2, stride: Any = None, padding: Any = 0) -> Iterator[Place]:
    size = both(pool_size)
    return places(dy.shape[2:], x.shape[2:], size, both(stride or size), (1, 1), both(padding))


def upsample2d(x: Array, dy: Array, factor: Any = 2, mode: str = "nearest") -> tuple[Array, ...]:
    y, dx = np.zeros_like(dy), np.zeros_like(x)
    down, right = both(factor)
    for r, s in np.ndindex(y.shape[2:]):
        for row, u in sources(r, x.shape[2], down, mode):
            for column, v in sources(s, x.shape[3], right, mode):
                y[:, :, r, s] += u * v * x[:, :, row, column]
                dx[:, :, row, column] += u * v * dy[:, :, r, s]
    return y, dx


def sources(r: int, n: int, factor: int, mode: str) -> list[tuple[int, float]]:
    """The pixels of a line of n, with their weights, that make pixel r of the longer line."""
    if mode == "nearest":
        return [(r // factor, 1.0)]
    center = min(max((r + 0.5) / factor - 0.5, 0.0), n - 1.0)
    low = int(center)
    return [(low, 1.0 - (center - low)), (min(low + 1, n - 1), center - low)]


def global_avg_pool2d(x: Array, dy: Array) -> tuple[Array, ...]:
    y, dx = np.zeros_like(dy), np.zeros_like(x)
    pixels = x.shape[2] * x.shape[3]
    for r, s in np.ndindex(x.shape[2:]):
        y += x[:, :, r, s] / pixels
        dx[:, :, r, s] = dy / pixels
    return y, dx


def padding2d(x: Array, dy: Array, padding: Any) -> tuple[Array, ...]:
    vertical, horizontal = both(padding) if isinstance(padding, int) or len(padding) == 2 else padding[::2]
    y, dx = np.zeros_like(dy), np.zeros_like(x)
    for r, s in np.ndindex(x.shape[2:]):
        y[:, :, r + vertical, s + horizontal] = x[:, :, r, s]
        dx[:, :, r, s] = dy[:, :, r + vertical, s + horizontal]
    return y, dx


def batch_norm(x: Array, dy: Array, gamma: Array, beta: Array, *, epsilon: float) -> tuple[Array, ...]:
    """Batch normalization by the chain rule, from y through the variance and the mean, channel by channel."""
    y, dx, dgamma, dbeta = np.zeros_like(x), np.zeros_like(x), np.zeros_like(gamma), np.zeros_like(beta)
    for c in range(x.shape[1]):
        values, m = x[:, c], x[:, c].size
        centered = values - values.mean()
        root = np.sqrt((centered**2).mean() + epsilon)
        y[:, c] = gamma[c] * centered / root + beta[c]
        dgamma[c], dbeta[c] = (dy[:, c] * centered / root).sum(), dy[:, c].sum()
        dxhat = gamma[c] * dy[:, c]
        dvar = (dxhat * centered).sum() * -0.5 / root**3
        dcentered = dxhat / root + dvar * 2 * centered / m
        dx[:, c] = dcentered - dcentered.mean()
    return y, dx, dgamma, dbeta
