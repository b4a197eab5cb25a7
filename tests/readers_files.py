"""What a reader of the documentation has: a table of houses, pictures of flowers and of a digit."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from tests.toys import ROOT


def write_houses(folder: Path) -> None:
    """houses.csv with the column `price`; and rows.csv without it."""
    draws = np.random.default_rng(0)
    area, year = draws.uniform(40, 200, 300).round(1), draws.integers(1950, 2020, 300)
    rooms = np.maximum(1, (area / 25 + draws.normal(0, 0.7, 300)).round()).astype(int)
    town = draws.choice(["Ashby", "Burton", "Corby"], 300)
    price = (1500 * area + 20000 * rooms + 500 * (year - 1950)).round().astype(int)
    houses = pd.DataFrame({"area": area, "rooms": rooms, "town": town, "year": year, "price": price})
    houses.to_csv(folder / "houses.csv", index=False)
    houses.drop(columns="price").head().to_csv(folder / "rows.csv", index=False)


def write_flowers(folder: Path) -> None:
    """flowers/ with a folder of pictures for each of two classes, one of them lighter."""
    pixels = np.random.default_rng(0)
    for label, light in {"daisy": 60, "rose": 0}.items():
        (folder / "flowers" / label).mkdir(parents=True)
        for i in range(20):
            image = pixels.integers(light, 180 + light, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(image).save(folder / "flowers" / label / f"{i}.png")


def write_digit(folder: Path) -> None:
    """digit.png, the first of MNIST's test digits: a 7."""
    raw = gzip.decompress((ROOT / "data" / "mnist" / "t10k-images-idx3-ubyte.gz").read_bytes())
    image = np.frombuffer(raw, np.uint8, 784, offset=16).reshape(28, 28)
    Image.fromarray(image).save(folder / "digit.png")


def link_mnist(folder: Path) -> None:
    """data/mnist, as in a clone."""
    (folder / "data").mkdir()
    (folder / "data" / "mnist").symlink_to(ROOT / "data" / "mnist")


FILES: dict[str, Callable[[Path], None]] = {
    "houses": write_houses,
    "flowers": write_flowers,
    "digit.png": write_digit,
    "data/kaggle": link_mnist,
}
"""Who writes them, by a word in pages that need them."""
