"""A picture that moves, written as a GIF."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnfs_cli.core.files import replacing
from nnfs_cli.plots.library import Axes, FigureCanvasAgg
from nnfs_cli.plots.style import drawing, figure_of

DPI = 80
"""Of a frame: a GIF of 40 frames stays below 1 MB."""


@dataclass(frozen=True)
class Animation:
    """A figure that changes.

    axes: axes of the figure.   frames: how many there are.   show: redraws the figure as frame k, from 0 on.
    milliseconds: how long a frame stands; the last one stands for `last`.
    """

    axes: Axes
    frames: int
    show: Callable[[int], None]
    milliseconds: int = 350
    last: int = 2500


def save_animation(animation: Animation, folder: Path, name: str, inside: Path | None = None) -> list[str]:
    """Write the animation as folder/name, a GIF that repeats; return [name]. inside: see `replacing`."""
    from PIL import Image

    figure: Any = figure_of(animation.axes)
    figure.set_dpi(DPI)
    canvas: Any = FigureCanvasAgg(figure)
    images = []
    with drawing(getattr(figure, "style", None)):
        for k in range(animation.frames):
            animation.show(k)
            figure_of(animation.axes).set_dpi(DPI)
            canvas.draw()
            if k == 0:
                figure.set_layout_engine("none")  # else each frame would be laid out anew, and jump
            images.append(
                Image.frombuffer("RGBA", canvas.get_width_height(), canvas.buffer_rgba()).convert("RGB")
            )
    # One palette for all frames, taken from the last one: else colors flicker.
    colors = images[-1].quantize(128)
    first, *rest = [image.quantize(palette=colors, dither=Image.Dither.NONE) for image in images]
    content = io.BytesIO()
    durations = [*[animation.milliseconds] * (animation.frames - 1), animation.last]
    first.save(
        content, format="GIF", save_all=True, append_images=rest, duration=durations, loop=0, disposal=1
    )
    with replacing(folder / name, inside=inside) as file:
        file.write(content.getvalue())
    return [name]
