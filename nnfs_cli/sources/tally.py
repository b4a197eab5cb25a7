"""What encoding a table took, counted over its chunks, and the sentences that say so."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from nnfs_cli.core.errors import counted, listed
from nnfs_cli.preprocessing.preparation import Column
from nnfs_cli.sources.encoding import Encoded, Refusal

MOST_COLUMNS = 8


class Tally:
    """Counts gaps that were filled, categories that were taken for none, and rows that were refused.

    A row that was refused counts as nothing else.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self._fills = {column.name: column.fill for column in columns}
        self._filled: Counter[str] = Counter()
        self._ignored: Counter[str] = Counter()
        self._refused: dict[str, tuple[int, Refusal]] = {}
        self._rows = 0

    def add(self, encoded: Encoded) -> None:
        """Count what a chunk took."""
        self._rows += len(encoded.x)
        accepted = encoded.accepted
        for counts, found in ((self._filled, encoded.filled), (self._ignored, encoded.ignored)):
            counts.update({name: n for name, rows in found.items() if (n := int((rows & accepted).sum()))})
        for remedy in dict.fromkeys(refusal.remedy for refusal in encoded.refusals):
            alike = [refusal for refusal in encoded.refusals if refusal.remedy == remedy]
            count = int(np.any([refusal.rows for refusal in alike], axis=0).sum())
            first = min(alike, key=lambda refusal: int(refusal.rows.argmax()))
            before, earliest = self._refused.get(remedy, (0, first))
            self._refused[remedy] = (before + count, earliest)

    def notes(self, how: str) -> tuple[str, ...]:
        """A sentence for each thing that was done; `how` says how gaps were filled."""
        notes = []
        if self._filled:
            fills = [
                f"{name} ({self._filled[name]:,}) with {_spell(fill)}"
                for name, fill in self._fills.items()
                if self._filled[name]
            ]
            notes.append(f"gaps filled {how}: {listed(fills, MOST_COLUMNS)}")
        if self._ignored:
            columns = [f"{name} ({count:,})" for name, count in self._ignored.items()]
            notes.append(f"unknown categories taken for none: {listed(columns, MOST_COLUMNS)}")
        for count, first in self._refused.values():
            have = "has" if count == 1 else "have"
            notes.append(f"{count:,} of {counted(self._rows, 'row')} {have} no answer; the first: {first}")
        return tuple(notes)


def _spell(fill: float | str | None) -> str:
    return repr(fill) if isinstance(fill, str) else f"{fill:g}"
