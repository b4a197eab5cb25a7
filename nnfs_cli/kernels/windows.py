"""Sliding windows over images: their positions, and views of their pixels."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nnfs_cli.core.arrays import Array, Shape, is_channels_last
from nnfs_cli.core.errors import ShapeError
from nnfs_cli.core.memory import shortage
from nnfs_cli.core.ranges import Expected, NonNegativeInt, PositiveInt

Pair: TypeAlias = tuple[int, int]
OneOrPair: TypeAlias = int | Pair
"""One number for both rows and columns, or one for each."""

PositiveOneOrPair: TypeAlias = Annotated[
    PositiveInt | tuple[PositiveInt, PositiveInt], Expected("one or two positive integers")
]
NonNegativeOneOrPair: TypeAlias = Annotated[
    NonNegativeInt | tuple[NonNegativeInt, NonNegativeInt], Expected("one or two integers of at least 0")
]
Padding: TypeAlias = Annotated[
    Literal["valid", "same"] | NonNegativeInt | tuple[NonNegativeInt, NonNegativeInt],
    Expected("valid, same, or one or two integers of at least 0"),
]


A_NUMBER, A_PLACE = 4, 100
"""The bytes of a number of an image, and of a place in a window, with its views: at least."""


def pair(value: OneOrPair) -> Pair:
    """An option as (rows, columns)."""
    return (value, value) if isinstance(value, int) else value


def sides(padding: int | Sequence[int]) -> tuple[Pair, Pair]:
    """((top, bottom), (left, right)) from one number, from (vertical, horizontal), or from all four."""
    given = (padding,) if isinstance(padding, int) else padding
    top, bottom, left, right = np.repeat(given, 4 // len(given)).tolist()
    return (top, bottom), (left, right)


def image_shape(shape: Shape) -> tuple[int, int, int]:
    """`shape` as (C, H, W). Raises ShapeError if it is not an image's shape."""
    if len(shape) != 3:
        hint = f"[1, {shape[0]}, {shape[1]}]" if len(shape) == 2 else "[C, H, W]"
        raise ShapeError(
            f"wants an image (C, H, W) for each row, found {shape}; "
            f"put {{type: reshape, shape: {hint}}} before it"
        )
    return shape[0], shape[1], shape[2]


def channels_last(shape: Shape) -> str:
    """A warning if rows of this shape look like images (H, W, C); else an empty text."""
    if not is_channels_last(shape):
        return ""
    return (
        f"rows of shape {shape} look like images with channels last, and are read as (C, H, W); "
        f"x.transpose(0, 3, 1, 2) brings channels to the front"
    )


def batch_last(x: Array) -> Array:
    """A view of images (N, C, H, W) as (C, H, W, N), which is their order in memory."""
    return x.transpose(1, 2, 3, 0)


@dataclass(frozen=True)
class Windows:
    """Windows of `size` pixels, `stride` apart, over images (H, W).

    At its place (i, j), window (r, s) has pixel (r stride + i dilation, s stride + j dilation) of the padded
    image.

    padding: the number of pixels added, ((top, bottom), (left, right)).
    """

    image: Pair
    size: Pair
    stride: Pair = (1, 1)
    dilation: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))

    def __post_init__(self) -> None:
        lacking = shortage(A_NUMBER * math.prod(self.padded) + A_PLACE * math.prod(self.size))
        if lacking:
            raise ShapeError(
                f"has windows of {self.size[0]:,} x {self.size[1]:,} pixels, and images of "
                f"{self.padded[0]:,} x {self.padded[1]:,} with their padding, which {lacking}"
            )

    @classmethod
    def fit(
        cls, image: Pair, size: Pair, stride: Pair, padding: Padding, dilation: Pair = (1, 1)
    ) -> "Windows":
        """Windows with the padding of an option. Raises ShapeError if the image is smaller than a window.

        `same` gives ceil(image / stride) windows. If its padding is odd, the additional pixels are at the
        bottom and right, as in PyTorch and TensorFlow.
        """
        if padding == "valid":
            padding = 0
        if padding == "same":
            missing = tuple(
                max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
                for n, k, s, d in zip(image, size, stride, dilation, strict=True)
            )
            added = sides([half for n in missing for half in (n // 2, -(-n // 2))])
        else:
            added = sides(padding)
        windows = cls(image, size, stride, dilation, added)
        if min(windows.output) < 1:
            spread = tuple((k - 1) * d + 1 for k, d in zip(size, dilation, strict=True))
            raise ShapeError(
                f"has windows of {spread[0]} x {spread[1]} pixels, "
                f"which do not fit into images of {windows.padded[0]} x {windows.padded[1]}"
            )
        return windows

    def options(self) -> dict[str, Any]:
        """The windows by the names of layers' options, with two numbers each; padding has four."""
        return {
            "pool_size": self.size,
            "stride": self.stride,
            "dilation": self.dilation,
            "padding": self.padding,
        }

    @cached_property
    def is_padded(self) -> bool:
        return self.padding != ((0, 0), (0, 0))

    @cached_property
    def padded(self) -> Pair:
        """The size of the padded image, (rows, columns)."""
        (top, bottom), (left, right) = self.padding
        return self.image[0] + top + bottom, self.image[1] + left + right

    @cached_property
    def output(self) -> Pair:
        """The number of windows, (rows, columns)."""
        rows, columns = (
            (n - (k - 1) * d - 1) // s + 1
            for n, k, s, d in zip(self.padded, self.size, self.stride, self.dilation, strict=True)
        )
        return rows, columns

    @cached_property
    def overlap(self) -> bool:
        """Whether two windows may have the same pixel."""
        return any((k - 1) * d >= s for k, s, d in zip(self.size, self.stride, self.dilation, strict=True))

    @cached_property
    def tile(self) -> bool:
        """Whether every pixel is in exactly one window."""
        covered = all(n == k * m for n, k, m in zip(self.padded, self.size, self.output, strict=True))
        return covered and self.size == self.stride and self.dilation == (1, 1)

    @cached_property
    def places(self) -> Sequence[Pair]:
        """The places (i, j) in a window, row by row."""
        return [(i, j) for i in range(self.size[0]) for j in range(self.size[1])]

    def over(self, padded: Array) -> Array:
        """All windows' pixels of padded images (..., H, W, N), as a view (..., kh, kw, H', W', N).

        A pixel of several windows is there several times. To add to the view, go place by place (kh, kw).
        """
        *outer, down, right, n = padded.strides
        step, leap = self.stride, self.dilation
        return as_strided(
            padded,
            (*padded.shape[:-3], *self.size, *self.output, padded.shape[-1]),
            (*outer, leap[0] * down, leap[1] * right, step[0] * down, step[1] * right, n),
        )

    def padded_array(self, scratch: Callable[..., Array], name: str, x: Array) -> Array:
        """(C, H, W, N) for padded images x (N, C, H, W): from `scratch`, or x itself without padding."""
        if not self.is_padded:
            return batch_last(x)
        return scratch(name, (x.shape[1], *self.padded, len(x)), x.dtype)

    def bordered(self, scratch: Callable[..., Array], x: Array, border: float) -> Array:
        """Images x (N, C, H, W) as (C, H, W, N), padded with the value `border`."""
        padded = self.padded_array(scratch, "padded", x)
        if self.is_padded:
            self.pad(batch_last(x), border, padded)
        return padded

    def cut(self, padded: Array, x: Array) -> None:
        """Copy the inside of a `padded_array` to images x (N, C, H, W)."""
        if self.is_padded:
            np.copyto(batch_last(x), self.inside(padded))

    def inside(self, padded: Array) -> Array:
        """A view of padded images (..., H, W, N) without their padding."""
        (top, _), (left, _) = self.padding
        return padded[..., top : top + self.image[0], left : left + self.image[1], :]

    def pad(self, image: Array, border: float, out: Array) -> None:
        """Write images (..., H, W, N) to `out`, padded with the value `border`."""
        (top, _), (left, _) = self.padding
        bottom, right = top + self.image[0], left + self.image[1]
        out[..., :top, :, :] = border
        out[..., bottom:, :, :] = border
        out[..., :left, :] = border
        out[..., right:, :] = border
        np.copyto(self.inside(out), image)
