"""Arrays that grow with training, a row a moment, in one file of a run."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from nnfs_cli.core.arrays import Array
from nnfs_cli.runs.directory import RunDirectory


class Series:
    """Rows of arrays, kept in memory and saved as a file of a run: `step` (T,), and each array as (T, ...).

    constants: arrays that are the same for all rows. They are saved as they are.

    Save it before a checkpoint that counts these rows is written. A resumed run then has the rows of a run
    that was never stopped: those up to the checkpoint's step which `belongs` takes.
    """

    def __init__(
        self,
        run: RunDirectory,
        file: str,
        step: int,
        belongs: Callable[[int], bool],
        constants: Mapping[str, Array] = MappingProxyType({}),
    ) -> None:
        self._run, self._file, self._constants = run, file, constants
        self._rows: dict[int, dict[str, Array]] = {}
        if step and run.has(file):
            arrays = run.arrays(file)
            steps = arrays.pop("step").tolist()
            for i, there in enumerate(steps):
                if there <= step and belongs(there):
                    self._rows[there] = {n: array[i] for n, array in arrays.items() if n not in constants}

    def __contains__(self, step: int) -> bool:
        return step in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, step: int, **arrays: Array) -> None:
        """Add a row, which has the same arrays, of the same shapes, as all rows."""
        self._rows[step] = {name: np.asarray(array) for name, array in arrays.items()}

    def save(self) -> None:
        """Write all rows to the file."""
        rows = list(self._rows.values())
        arrays = {name: np.stack([row[name] for row in rows]) for name in rows[0]} if rows else {}
        steps = np.array(list(self._rows), np.int64)
        self._run.write_arrays(self._file, {"step": steps, **arrays, **self._constants})
