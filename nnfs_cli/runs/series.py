"""Arrays that grow with training, a row a moment, in one file of a run."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.core.errors import NnfsError
from nnfs_cli.runs.directory import RunDirectory


class Series:
    """Rows of arrays, kept in memory and saved as a file of a run: `step` (T,), and each array as (T, ...).

    step: that of the present state. A resumed run has the rows of a run that was never stopped: those up to
        this step which `belongs` takes.
    recorded: how many of the file's rows the state's checkpoint counts; None if it does not tell.
    constants: arrays that are the same for all rows. They are saved as they are.

    Save it before a checkpoint that counts these rows is written.
    """

    def __init__(
        self,
        run: RunDirectory,
        file: str,
        step: int,
        belongs: Callable[[int], bool],
        recorded: int | None,
        constants: Mapping[str, Array] = MappingProxyType({}),
    ) -> None:
        self._run, self._file, self._belongs, self._constants = run, file, belongs, constants
        self._rows: dict[int, dict[str, Array]] = {}
        if step and recorded != 0 and run.has(file):
            arrays = run.arrays(file)
            steps = arrays.pop("step").tolist()
            for i, there in enumerate(steps[:recorded]):
                if there <= step and belongs(there):
                    self._rows[there] = {n: array[i] for n, array in arrays.items() if n not in constants}
        self._counted = len(self._rows)

    def __contains__(self, step: int) -> bool:
        return step in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def recorded(self) -> dict[str, int]:
        """The number of rows by the file's name, for a checkpoint.

        It counts those alone that belong to any training. A longer one drops the row of the last moment,
        and a resumed one takes it again, before they write a checkpoint.
        """
        return {self._file: self._counted}

    def add(self, step: int, **arrays: Array) -> None:
        """Add a row, which has the same arrays, of the same shapes, as all rows."""
        self._counted += self._belongs(step)
        self._rows[step] = {name: np.asarray(array) for name, array in arrays.items()}

    def save(self) -> None:
        """Write all rows to the file."""
        rows = list(self._rows.values())
        arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]} if rows else {}
        steps = np.array(list(self._rows), np.int64)
        self._run.write_arrays(self._file, {"step": steps, **arrays, **self._constants})


def series_damage(run: RunDirectory, file: str, rows: int | None, *, told_by_summary: bool = True) -> str:
    """What is wrong with the file of a series unless it has at least these rows; an empty text if it has.

    rows: None if they are not known. Then any number is right, and the file may be missing.
    told_by_summary: as in `RunDirectory.arrays`.
    """
    if rows == 0 or (rows is None and not run.has(file)):
        return ""
    try:
        found = len(run.arrays(file, told_by_summary=told_by_summary)["step"])
    except NnfsError as error:
        return str(error).removeprefix(f"{run.path / file}: ")
    except (KeyError, TypeError):
        return "damaged: it has no steps"
    if found >= (rows or 0):
        return ""
    return f"rows are missing: it has {found}, and its checkpoint counts {rows}"
