"""Images as Matplotlib draws them: gray or in color, whatever their numbers and the order of their axes."""

import numpy as np

from nnfs_cli.core.arrays import Array, Shape, is_channels_last


def is_color(shape: Shape) -> bool:
    """Whether images of this shape, (C, H, W) or (H, W, C), are red, green and blue."""
    return len(shape) == 3 and (shape[2] if is_channels_last(shape) else shape[0]) == 3


def as_picture(image: Array) -> Array:
    """(H, W), (C, H, W) or (H, W, C) as imshow takes it: (H, W), or (H, W, 3) in color.

    Other channels are gray pictures side by side.
    """
    if image.ndim == 2:
        return image
    channels = image.transpose(2, 0, 1) if is_channels_last(image.shape) else image
    return channels.transpose(1, 2, 0) if is_color(image.shape) else np.concatenate(channels, axis=1)


def as_channels(images: Array) -> Array:
    """Images (N, H, W), (N, C, H, W) or (N, H, W, C) as (N, C, H, W)."""
    if images.ndim == 3:
        return images[:, None]
    return images.transpose(0, 3, 1, 2) if is_channels_last(images.shape[1:]) else images


def color_range(x: Array) -> tuple[float, float]:
    """The values of black and of full color in images x: the first usual range that holds all pixels."""
    low, high = float(x.min()), float(x.max())
    if x.dtype == np.uint8:
        return 0.0, 255.0
    for usual in ((0.0, 1.0), (-1.0, 1.0), (0.0, 16.0), (0.0, 255.0)):  # 16: of scikit-learn's digits
        if usual[0] <= low and high <= usual[1]:
            return usual
    return min(low, 0.0), high


def stretched(picture: Array, low: float, high: float) -> Array:
    """A picture rescaled from [low, high] to [0, 1], in float64."""
    shown = (picture.astype(np.float64) - low) / ((high - low) or 1.0)
    return np.asarray(np.clip(shown, 0.0, 1.0))  # rounding may leave [0, 1]
