"""What formulas say of images (N, C, H, W): convolution, pooling and resizing, by plain loops over a window.

These are for reading and for proofs on small arrays. A layer computes the same by faster ways.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from nnfs_cli.core.arrays import Array, Shape

Sides = Sequence[Sequence[int]]
"""((top, bottom), (left, right))."""


def pad(x: Array, sides: Sides, value: float = 0.0) -> Array:
    """x with pixels of a value around it."""
    return np.pad(x, ((0, 0), (0, 0), *map(tuple, sides)), constant_values=value)


def crop(x: Array, sides: Sides) -> Array:
    """x without the pixels at its sides."""
    (top, bottom), (left, right) = sides
    return x[:, :, top : x.shape[2] - bottom, left : x.shape[3] - right]


def _pair(number: Any) -> tuple[int, int]:
    return (number, number) if np.ndim(number) == 0 else (number[0], number[1])


def _places(x: Array, size: Any, stride: Any, dilation: Any = 1) -> Iterator[tuple[int, int, Array]]:
    """(i, j, pixels): for each place in a window, a view of x's pixels there, one for each window."""
    (kh, kw), (down, right), (dh, dw) = _pair(size), _pair(stride), _pair(dilation)
    rows = (x.shape[2] - (kh - 1) * dh - 1) // down + 1
    columns = (x.shape[3] - (kw - 1) * dw - 1) // right + 1
    for i, j in itertools.product(range(kh), range(kw)):
        ends = i * dh + (rows - 1) * down + 1, j * dw + (columns - 1) * right + 1
        yield i, j, x[:, :, i * dh : ends[0] : down, j * dw : ends[1] : right]


def _grouped(x: Array, axis: int, groups: int) -> Array:
    """x with an axis of groups before the given one."""
    return x.reshape(*x.shape[:axis], groups, -1, *x.shape[axis + 1 :])


def conv(x: Array, W: Array, sides: Sides, stride: Any = 1, dilation: Any = 1, groups: int = 1) -> Array:
    """y[f, r, s] = sum over c, i, j of W[f, c, i, j] x[c, r stride + i dilation, s stride + j dilation]."""
    weights = _grouped(W, 0, groups)
    terms = [
        np.einsum("gfc,ngcrs->ngfrs", weights[..., i, j], _grouped(seen, 1, groups))
        for i, j, seen in _places(pad(x, sides), W.shape[2:], stride, dilation)
    ]
    y = np.sum(terms, axis=0)
    return np.reshape(y, (len(x), len(W), *y.shape[3:]))


def conv_weight_grad(
    x: Array, dy: Array, W: Array, sides: Sides, stride: Any = 1, dilation: Any = 1, groups: int = 1
) -> Array:
    """dW[f, c, i, j] = sum over n, r, s of dy[f, r, s] x[c, r stride + i dilation, s stride + j dilation]."""
    dW, slopes = np.zeros(_grouped(W, 0, groups).shape), _grouped(dy, 1, groups)
    for i, j, seen in _places(pad(x, sides), W.shape[2:], stride, dilation):
        dW[..., i, j] = np.einsum("ngfrs,ngcrs->gfc", slopes, _grouped(seen, 1, groups))
    return dW.reshape(W.shape)


def conv_input_grad(x: Array, dy: Array, W: Array, *options: Any) -> Array:
    """dx[c, p, q] = the sum of W[f, c, i, j] dy[f, r, s] over all f, r, s, i, j that use the pixel."""
    return conv_transpose(dy, W, x.shape[2:], *options)


def conv_transpose(
    x: Array, W: Array, size: Shape, sides: Sides, stride: Any = 1, dilation: Any = 1, groups: int = 1
) -> Array:
    """y[f, r stride + i dilation, s stride + j dilation] += W[c, f, i, j] x[c, r, s]: images of a size."""
    weights, seen_by = _grouped(W, 0, groups), _grouped(x, 1, groups)
    y = pad(np.zeros((len(x), groups * W.shape[1], *size)), sides)
    for i, j, seen in _places(y, W.shape[2:], stride, dilation):
        seen += np.einsum("gcf,ngcrs->ngfrs", weights[..., i, j], seen_by).reshape(seen.shape)
    return crop(y, sides)


def conv_transpose_weight_grad(x: Array, dy: Array, W: Array, *options: Any) -> Array:
    """conv's dW, with dy as its input and x as its dy."""
    return conv_weight_grad(dy, x, W, *options)


def conv_transpose_input_grad(dy: Array, W: Array, *options: Any) -> Array:
    """conv of dy with W."""
    return conv(dy, W, *options)


def max_pool(x: Array, size: Any, stride: Any, sides: Sides) -> Array:
    """y[c, r, s] = the largest x[c, r stride + i, s stride + j]."""
    largest: Array = np.max([seen for *_, seen in _places(pad(x, sides, -np.inf), size, stride)], axis=0)
    return largest


def max_pool_grad(x: Array, dy: Array, size: Any, stride: Any, sides: Sides) -> Array:
    """dx[c, p, q] = the sum of dy[c, r, s] over the windows of which it is the first largest pixel."""
    first = np.argmax([seen for *_, seen in _places(pad(x, sides, -np.inf), size, stride)], axis=0)
    dx = np.zeros_like(pad(x, sides))
    for place, (*_, seen) in enumerate(_places(dx, size, stride)):
        seen += dy * (first == place)
    return crop(dx, sides)


def window_sum(x: Array, size: Any, stride: Any, sides: Sides) -> Array:
    """y[c, r, s] = sum over i, j of x[c, r stride + i, s stride + j]."""
    total: Array = np.sum([seen for *_, seen in _places(pad(x, sides), size, stride)], axis=0)
    return total


def window_sum_grad(x: Array, dy: Array, size: Any, stride: Any, sides: Sides) -> Array:
    """dx[c, p, q] = the sum of dy[c, r, s] over the windows that have the pixel."""
    dx = np.zeros_like(pad(x, sides))
    for *_, seen in _places(dx, size, stride):
        seen += dy
    return crop(dx, sides)


def repeat(x: Array, factor: Any) -> Array:
    """y[c, r, s] = x[c, floor(r / fh), floor(s / fw)]."""
    down, right = _pair(factor)
    return x.repeat(down, axis=2).repeat(right, axis=3)


def sum_copies(dy: Array, factor: Any) -> Array:
    """dx[c, p, q] = the sum of dy over the copies of a pixel."""
    return window_sum(dy, factor, factor, ((0, 0), (0, 0)))


def spread(dy: Array, x: Array) -> Array:
    """dx[c, r, s] = dy[c]: the same for all pixels of x's images."""
    return dy[:, :, np.newaxis, np.newaxis] + np.zeros_like(x)


IMAGE_FUNCTIONS: dict[str, Callable[..., Any]] = {
    each.__name__: each
    for each in (
        *(
            conv,
            conv_weight_grad,
            conv_input_grad,
            conv_transpose,
            conv_transpose_weight_grad,
            conv_transpose_input_grad,
        ),
        *(max_pool, max_pool_grad, window_sum, window_sum_grad, repeat, sum_copies, spread, pad, crop),
    )
}
