"""A study on disk: its config, its tables, its summary, and a folder for each of its runs."""

import contextlib
import csv
import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnfs_cli.config.experiment import ExperimentConfig
from nnfs_cli.config.load import load_config
from nnfs_cli.config.names import NAME_RULE, is_plain_name
from nnfs_cli.config.plugins import folder_of_copies, modules_beside
from nnfs_cli.config.trust import PLUGINS, remember
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.core.files import replacing, sync_folder
from nnfs_cli.core.os_errors import reason
from nnfs_cli.core.seal import first_line, new_tag, sealed
from nnfs_cli.core.spelling import typed
from nnfs_cli.runs.directory import finite, new_folder, run_stem
from nnfs_cli.runs.finding import STUDY
from nnfs_cli.runs.lock import WriterLock
from nnfs_cli.runs.reading import read_json

SUMMARY, BEST = "summary.json", "best.yaml"
TRIALS, RUNS = "trials.csv", "runs.csv"


class StudyDirectory:
    """One study's files. Section 5 of `docs/design.md` lists them.

    trust_plugins: whether its plugins may run, whoever it is from.
    """

    def __init__(self, path: Path, *, trust_plugins: bool = False) -> None:
        self.path, self.id, self.trust_plugins = path, path.name, trust_plugins
        self._lock = WriterLock(path)

    @classmethod
    def create(cls, root: Path, config: ExperimentConfig, study_id: str | None = None) -> "StudyDirectory":
        """A new folder in `root` with the resolved config. A name that is taken gets -2, -3, ...

        NnfsError if `study_id` is taken.
        """
        stem = run_stem(config.name) if study_id is None else study_id
        if not is_plain_name(stem) or stem == "latest":
            raise NnfsError(f"--id: must be a plain name for a new folder: {NAME_RULE}; found {stem!r}")
        if study_id is not None and (root / stem / STUDY).is_file():
            again = typed("study", "--resume", root / stem)
            raise NnfsError(f"--id: the study {root / stem} already exists; `{again}` goes on with it")
        try:
            root.mkdir(parents=True, exist_ok=True)
            study = cls(new_folder(root, stem, numbered=study_id is None), trust_plugins=True)
            try:
                sync_folder(root)
                study.write(STUDY, f"{first_line(new_tag())}{study._with_copies(config).to_yaml()}".encode())
            except BaseException:  # its name shall be free again
                shutil.rmtree(study.path, ignore_errors=True)
                raise
        except OSError as error:
            raise NnfsError(f"--runs: cannot write in {root}: {reason(error)}") from None
        remember(study.path)
        return study

    def _with_copies(self, config: ExperimentConfig) -> ExperimentConfig:
        """The config with copies of its plugins, which stay as they are while the study is conducted."""
        copies = [f"{PLUGINS}/{i}/{Path(plugin).name}" for i, plugin in enumerate(config.plugins)]
        for plugin, copy in zip(config.plugins, copies, strict=True):
            self.write(copy, Path(plugin).read_bytes())
            for name, module in modules_beside(Path(plugin)).items():
                self.write(f"{Path(copy).parent}/{folder_of_copies(copy)}/{name}", module.read_bytes())
        return replace(config, plugins=tuple(copies))

    def config(self) -> ExperimentConfig:
        """The resolved config, with its section `study`."""
        return load_config(self.path / STUDY, trust_plugins=self.trust_plugins)

    def has(self, name: str) -> bool:
        return (self.path / name).is_file()

    def summary(self) -> dict[str, Any]:
        """summary.json; NnfsError if it cannot be read, or is not as nnfs wrote it."""
        return read_json(self.path / SUMMARY, "")

    @contextlib.contextmanager
    def conducting(self) -> Iterator[None]:
        """Be the study's only conductor in the `with` block. NnfsError if another process conducts it."""
        self._lock.acquire()
        try:
            yield
        finally:
            self._lock.release()

    def write(self, name: str, content: bytes) -> None:
        """Write a file whole or not at all."""
        with replacing(self.path / name, durable=True, inside=self.path) as file:
            file.write(content)

    def write_table(self, name: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a CSV file; a value that a row lacks is left empty."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([as_cell(row.get(column)) for column in columns] for row in rows)
        self.write(name, text.getvalue().encode())

    def write_summary(self, content: Mapping[str, Any]) -> None:
        """Write summary.json."""
        self.write(SUMMARY, (json.dumps(sealed(finite(content), ""), indent=2) + "\n").encode())

    def write_best(self, config: ExperimentConfig, comments: Sequence[str]) -> None:
        """Write best.yaml, a config that is ready to be trained, below comments on where it comes from."""
        lines = [f"# {line}\n" for comment in comments for line in comment.splitlines()]
        copies = [os.path.relpath(plugin, self.path) for plugin in config.plugins]  # they may be moved
        text = replace(config, study=None, plugins=tuple(copies)).to_yaml()
        self.write(BEST, f"{''.join(lines)}{text}".encode())

    def recorded_runs(self) -> list[dict[str, str]]:
        """The rows of runs.csv; [] if there are none yet."""
        file = self.path / RUNS
        if not file.is_file():
            return []
        with file.open(encoding="utf-8", errors="replace", newline="") as lines:
            return [row for row in csv.DictReader(lines) if row.get("run")]

    def forget_run(self, name: str) -> None:
        """Remove the folder of a run that has nothing to go on from: no checkpoint, or not even a config."""
        shutil.rmtree(self.path / name)


def as_cell(value: Any) -> Any:
    """A value for a CSV file: JSON for lists and mappings, nothing for None, numbers in full."""
    if isinstance(value, list | tuple | Mapping | bool):
        return json.dumps(value)
    return "" if value is None else value
