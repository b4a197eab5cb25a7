"""The run directory: a contract that users' scripts read. Files are replaced whole or not at all."""

import contextlib
import csv
import errno
import io
import json
import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError, did_you_mean
from nnfs_cli.core.files import replacing
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.sources.arrays import read_npz

if TYPE_CHECKING:
    from nnfs_cli.config.experiment import ExperimentConfig
    from nnfs_cli.config.values import Overrides


class RunDirectory:
    """One run's files. Section 5 of `docs/design.md` lists them.

    troubles: sentences on what the disk did not take of a training through this object.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.id = path.name
        self.troubles: list[str] = []

    @classmethod
    def create(cls, root: Path, config: "ExperimentConfig", run_id: str | None = None) -> "RunDirectory":
        """A new directory in `root`, with the resolved config.

        A name that is taken gets -2, -3, ...; NnfsError if `run_id` is taken.
        """
        from nnfs_cli.config.names import NAME_RULE, is_plain_name
        from nnfs_cli.config.plugins import folder_of_copies, modules_beside

        stem = run_stem(config.name) if run_id is None else run_id
        if not is_plain_name(stem) or stem == "latest":
            raise NnfsError(f"--id: must be a plain name for a new folder: {NAME_RULE}; found {stem!r}")
        try:
            root.mkdir(parents=True, exist_ok=True)
            path = root / stem
            for number in range(2, 1000):
                with contextlib.suppress(FileExistsError):
                    path.mkdir()
                    break
                if run_id is not None:
                    raise NnfsError(f"--id: {path} already exists, and a run never overwrites another")
                path = root / f"{stem}-{number}"
            run = cls(path)
            copies = [f"plugin_{i}_{Path(plugin).name}" for i, plugin in enumerate(config.plugins)]
            for plugin, copy in zip(config.plugins, copies, strict=True):
                run.write(copy, Path(plugin).read_bytes())
                for name, module in modules_beside(Path(plugin)).items():
                    run.write(f"{folder_of_copies(copy)}/{name}", module.read_bytes())
            weights = "initial_weights.npz" if config.initial_weights else ""
            if weights:
                run.write(weights, config.weights_file.read_bytes())
            portable = replace(config, plugins=tuple(copies), initial_weights=weights)
            run.write("config.yaml", portable.to_yaml().encode())
        except OSError as error:
            named = "name" if run_id is None else "--id"
            option = named if error.errno == errno.ENAMETOOLONG else "--runs"
            raise NnfsError(f"{option}: cannot write in {root}: {error.strerror}") from None
        return run

    @classmethod
    def find(cls, root: Path, reference: str) -> "RunDirectory":
        """The run that a path, an id or `latest` names; NnfsError with the nearest ids if there is none."""
        runs = list(all_runs(root))
        if reference == "latest":
            if not runs:
                raise NnfsError(f"no runs in {root.absolute()} yet; `nnfs train CONFIG` makes one")
            return runs[-1]
        candidates = [path for path in (Path(reference), root / reference) if reference and path.is_dir()]
        for path in candidates:
            if (path / "config.yaml").is_file():
                return cls(path)
        if candidates:
            raise NnfsError(f"{candidates[0]} is no run directory: it has no config.yaml")
        raise NnfsError(
            f"no run {reference!r} in {root.absolute()}{did_you_mean(reference, [run.id for run in runs])}"
        )

    # Writing

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the run's only writer in the `with` block, perhaps within another one of this object.

        NnfsError if another process trains the run.
        """
        yield

    def write(self, name: str, content: bytes, former: str | None = None) -> None:
        """Write a file whole or not at all. The one that it replaces stays as `former`, if that is given."""
        with replacing(self.path / name, durable=True, former=former, inside=self.path) as file:
            file.write(content)

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        self.write(name, (json.dumps(finite(content), indent=2) + "\n").encode())

    def write_arrays(self, name: str, arrays: Mapping[str, Array], former: str | None = None) -> None:
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        self.write(name, buffer.getvalue(), former)

    # Reading

    def config(self, overrides: "Overrides" = ()) -> "ExperimentConfig":
        """The resolved config, with `dotted.key=value` overrides."""
        from nnfs_cli.config.load import load_config  # imported here: listing runs does not need it

        return load_config(self.path / "config.yaml", overrides, needs_data=False)

    def summary(self) -> dict[str, Any]:
        """summary.json; NnfsError if it cannot be read."""
        return self.json("summary.json")

    def json(self, name: str) -> dict[str, Any]:
        """One of the run's JSON files; NnfsError if it cannot be read."""
        file = self.path / name
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise NnfsError(f"{file}: cannot be read: {error}") from None
        if not isinstance(content, dict):
            raise NnfsError(f"{file}: must be a mapping, found {content!r}")
        return content

    def preparation(self) -> Preparation:
        """How the run's data were prepared; NnfsError if it cannot be read."""
        file = self.path / "preparation.json"
        try:
            return Preparation.from_record(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NnfsError(f"{file}: cannot be read: {error}; train the run again") from None

    def has(self, name: str) -> bool:
        return (self.path / name).is_file()

    def arrays(self, name: str, only: Collection[str] | None = None) -> dict[str, Array]:
        """The arrays of one of the run's .npz files, all or `only` some of them.

        NnfsError if the file is missing or damaged.
        """
        file = self.path / name
        if not file.is_file():
            raise NnfsError(f"{file}: no such file; the run has not written it yet")
        return read_npz(file, only)

    def table(self, name: str) -> dict[str, Array]:
        """The columns of epochs.csv or steps.csv as float64 arrays; {} if there are none yet."""
        file = self.path / name
        if not file.is_file():
            return {}
        first, *rows = file.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
        header = next(csv.reader([first]), [])
        if header and "step" not in header:
            raise NnfsError(f"{file}: damaged: its first row names no column 'step'")
        whole = [row for row in rows if row and row.count(",") == len(header) - 1]
        if not whole:
            return {}
        try:
            columns = np.loadtxt(whole, delimiter=",", comments=None, unpack=True, ndmin=2)
        except ValueError as error:
            raise NnfsError(f"{file}: {error}") from None
        return dict(zip(header, columns, strict=True))


def finite(content: Any) -> Any:
    """The same content with None for numbers that JSON cannot hold: infinity, not-a-number."""
    if isinstance(content, Mapping):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    number = content.item() if isinstance(content, np.generic) else content  # as a plugin's metric gives
    return None if isinstance(number, float) and not math.isfinite(number) else number


def run_stem(name: str) -> str:
    """The id of a run that starts now, `mnist-20260131-235959`."""
    return f"{name}-{datetime.now():%Y%m%d-%H%M%S}"


def all_runs(root: Path) -> Iterator[RunDirectory]:
    """The runs in `root`, newest last."""
    if root.exists() and not root.is_dir():
        raise NnfsError(f"--runs: {root} is a file, not a folder of runs")
    if root.is_dir():
        runs = [RunDirectory(path) for path in root.iterdir() if (path / "config.yaml").is_file()]
        yield from sorted(runs, key=lambda run: ((run.path / "config.yaml").stat().st_mtime_ns, run.id))
