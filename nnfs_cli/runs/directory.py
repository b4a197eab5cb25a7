"""The run directory: a contract that users' scripts read. Files are replaced whole or not at all."""

import contextlib
import errno
import io
import json
import math
import shutil
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import DamageError, NnfsError
from nnfs_cli.core.files import replacing, sync_folder
from nnfs_cli.core.git import commit_of
from nnfs_cli.core.os_errors import reason, unreadable
from nnfs_cli.core.seal import first_line, new_tag, seal_of_arrays, sealed, tag_of
from nnfs_cli.preprocessing.preparation import Preparation
from nnfs_cli.runs.finding import find_run, run_folders
from nnfs_cli.runs.lock import WriterLock, status_now
from nnfs_cli.runs.reading import check_arrays, check_rows, read_json
from nnfs_cli.runs.rows import RecordedRows
from nnfs_cli.sources.arrays import read_npz

if TYPE_CHECKING:
    from nnfs_cli.config.experiment import ExperimentConfig
    from nnfs_cli.config.values import Overrides


class RunDirectory:
    """One run's files. Section 5 of `docs/design.md` lists them.

    trust_plugins: whether its plugins may run, whoever it is from.
    seals: of the .npz files that were written through this object, by name, for the summary.
    troubles: sentences on what the disk did not take of a training through this object.
    """

    def __init__(self, path: Path, *, trust_plugins: bool = False) -> None:
        self.path, self.trust_plugins = path, trust_plugins
        self.id = path.name
        self.seals: dict[str, str] = {}
        self._lock, self._writing = WriterLock(path), 0
        self.troubles: list[str] = []

    @classmethod
    def create(
        cls, root: Path, config: "ExperimentConfig", run_id: str | None = None, *, folder: Path | None = None
    ) -> "RunDirectory":
        """A new directory in `root`, with the resolved config.

        folder: the one that the config is from; the summary records the git commit there.
        A name that is taken gets -2, -3, ...; NnfsError if `run_id` is taken. This object is the run's writer
        at once, and until its first `writing` ends.
        """
        from nnfs_cli.config.names import NAME_RULE, is_plain_name
        from nnfs_cli.config.trust import remember

        stem = run_stem(config.name) if run_id is None else run_id
        if not is_plain_name(stem) or stem == "latest":
            raise NnfsError(f"--id: must be a plain name for a new folder: {NAME_RULE}; found {stem!r}")
        try:
            root.mkdir(parents=True, exist_ok=True)
            run = cls(new_folder(root, stem, numbered=run_id is None), trust_plugins=True)
            try:
                sync_folder(root)
                run._lock.acquire()
                run._begin(config, commit_of(folder) if folder else "")
            except BaseException:  # its name shall be free again
                run._lock.release()
                shutil.rmtree(run.path, ignore_errors=True)
                raise
        except OSError as error:
            named = "name" if run_id is None else "--id"
            option = named if error.errno == errno.ENAMETOOLONG else "--runs"
            raise NnfsError(f"{option}: cannot write in {root}: {reason(error)}") from None
        remember(run.path)
        return run

    def _begin(self, config: "ExperimentConfig", commit: str) -> None:
        """Write what makes the folder a run: copies of the files that its config names, and the config."""
        from nnfs_cli.config.plugins import folder_of_copies, modules_beside

        copies = [f"plugin_{i}_{Path(plugin).name}" for i, plugin in enumerate(config.plugins)]
        for plugin, copy in zip(config.plugins, copies, strict=True):
            self.write(copy, Path(plugin).read_bytes())
            for name, module in modules_beside(Path(plugin)).items():
                self.write(f"{folder_of_copies(copy)}/{name}", module.read_bytes())
        weights = "initial_weights.npz" if config.initial_weights else ""
        if weights:
            self.write(weights, config.weights_file.read_bytes())
        portable = replace(config, plugins=tuple(copies), initial_weights=weights)
        self.tag = new_tag()
        made_at = {"git_commit": commit} if commit else {}
        self.write_json("summary.json", {"id": self.id, "name": config.name, "status": "running", **made_at})
        # The last: it makes the folder a run.
        self.write("config.yaml", f"{first_line(self.tag)}{portable.to_yaml()}".encode())

    @classmethod
    def find(cls, root: Path, reference: str, *, trust_plugins: bool = False) -> "RunDirectory":
        """The run that a path, an id or `latest` names; NnfsError with the nearest ids if there is none."""
        return cls(find_run(root, reference), trust_plugins=trust_plugins)

    # Writing

    @property
    def is_written_here(self) -> bool:
        """Whether this process is the run's writer; a fork of it is not."""
        return self._lock.is_held

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Be the run's only writer in the `with` block, perhaps within another one of this object.

        NnfsError if another process trains the run, or another object of this process.
        """
        if not self._lock.is_held:
            self._lock.acquire()
        self._writing += 1
        try:
            yield
        finally:
            self._writing -= 1
            if not self._writing:
                self._lock.release()

    def write(self, name: str, content: bytes, former: str | None = None) -> None:
        """Write a file whole or not at all. The one that it replaces stays as `former`, if that is given."""
        with replacing(self.path / name, durable=True, former=former, inside=self.path) as file:
            file.write(content)

    def write_json(self, name: str, content: Mapping[str, Any]) -> None:
        """Write a mapping with a seal, by which `json` knows that it is whole and of this run."""
        self.write(name, (json.dumps(sealed(finite(content), self.tag), indent=2) + "\n").encode())

    def write_arrays(self, name: str, arrays: Mapping[str, Array], former: str | None = None) -> None:
        """Write arrays with a seal, by which `arrays` knows that none is missing."""
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        with zipfile.ZipFile(buffer, "a") as archive:
            seal = seal_of_arrays(archive)
            archive.comment = seal.encode()
        self.write(name, buffer.getvalue(), former)
        self.seals[name] = seal

    # Reading

    def config(self, overrides: "Overrides" = ()) -> "ExperimentConfig":
        """The resolved config, with `dotted.key=value` overrides."""
        from nnfs_cli.config.load import load_config  # imported here: listing runs does not need it

        return load_config(
            self.path / "config.yaml", overrides, needs_data=False, trust_plugins=self.trust_plugins
        )

    def refusal(self) -> str:
        """Why the run's plugins are not run; an empty text if they are, or if there are none."""
        from nnfs_cli.config.trust import UntrustedError

        try:
            self.config()
        except UntrustedError as error:
            return str(error)
        return ""

    @cached_property
    def tag(self) -> str:
        """What ties the run's files together; empty for runs of earlier versions. NnfsError if unreadable."""
        config = self.path / "config.yaml"
        try:
            return tag_of(config)
        except OSError as error:
            raise unreadable(config, error) from None

    def summary(self) -> dict[str, Any]:
        """summary.json, its status as it is now: `died` if it says `running`, but nobody trains the run.

        NnfsError if it cannot be read.
        """
        summary = self.json("summary.json")
        return {**summary, "status": status_now(self.path, summary.get("status"))}

    def json(self, name: str) -> dict[str, Any]:
        """One of the run's JSON files; NnfsError if it cannot be read, or is not as nnfs wrote it."""
        return read_json(self.path / name, self.tag)

    def preparation(self) -> Preparation:
        """How the run's data were prepared; NnfsError if it cannot be read."""
        try:
            return Preparation.from_record(self.json("preparation.json"))
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            file = self.path / "preparation.json"
            raise DamageError(f"{file}: cannot be read: {error}") from None

    def has(self, name: str) -> bool:
        return (self.path / name).is_file()

    def arrays(
        self, name: str, only: Collection[str] | None = None, *, told_by_summary: bool = True
    ) -> dict[str, Array]:
        """The arrays of one of the run's .npz files, all or `only` some of them.

        told_by_summary: hold it to what summary.json tells of the files at the end. It tells of no
            checkpoint, which says itself whose it is; and a resume goes on without a damaged summary.
        NnfsError if the file is missing or damaged.
        """
        file = self.path / name
        if not file.is_file():
            raise NnfsError(f"{file}: no such file; the run has not written it yet")
        check_arrays(file, self.tag, self._at_the_end().get(name) if told_by_summary else None)
        return read_npz(file, only)

    def _at_the_end(self) -> dict[str, Any]:
        """By name, the seals of .npz files and the extents of CSV files at the end of training, or {}."""
        files = self.json("summary.json").get("files") if self.has("summary.json") else None
        return files if isinstance(files, dict) else {}

    def rows(self, name: str) -> RecordedRows:
        """The rows of epochs.csv or steps.csv. NnfsError if they are not those that were written."""
        check_rows(self.path / name, self._at_the_end().get(name))
        return RecordedRows(self.path / name)

    def table(self, name: str) -> dict[str, Array]:
        """The columns of epochs.csv or steps.csv as float64 arrays; {} if there are none yet."""
        return self.rows(name).columns() if self.has(name) else {}


def finite(content: Any) -> Any:
    """The same content with None for numbers that JSON cannot hold: infinity, not-a-number."""
    if isinstance(content, Mapping):
        return {key: finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [finite(value) for value in content]
    number = content.item() if isinstance(content, np.generic) else content  # as a plugin's metric gives
    return None if isinstance(number, float) and not math.isfinite(number) else number


def new_folder(root: Path, stem: str, *, numbered: bool) -> Path:
    """Make a new folder in `root`. A name that is taken gets -2, -3, ...; NnfsError if it may not."""
    for number in range(1, 1000):
        path = root / (stem if number == 1 else f"{stem}-{number}")
        with contextlib.suppress(FileExistsError):
            path.mkdir()
            return path
        if not numbered:
            break
    raise NnfsError(f"--id: {path} already exists, and a run never overwrites another")


def run_stem(name: str) -> str:
    """The id of a run that starts now, `mnist-20260131-235959`."""
    return f"{name}-{datetime.now():%Y%m%d-%H%M%S}"


def all_runs(root: Path) -> Iterator[RunDirectory]:
    """The runs in `root`, newest last."""
    return map(RunDirectory, run_folders(root))
