"""What the disk did not take of a training that goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from nnfs_cli.core.os_errors import WriteError, reason
from nnfs_cli.training.reports import EpochReport, Report

DISK_ERRORS = (OSError, WriteError)


class Troubles:
    """Errors of the disk that a training survives: each is said once, with the next epoch and at the end.

    sentences: one for each, for the end.
    """

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self._unsaid: list[str] = []

    @contextmanager
    def surviving(self, consequence: str) -> Iterator[None]:
        """Go on after an error of the disk in the `with` block, and say what follows from it."""
        try:
            yield
        except DISK_ERRORS as error:
            sentence = f"{in_words(error)}; {consequence}"
            if sentence not in self.sentences:
                self.sentences.append(sentence)
                self._unsaid.append(sentence)

    def said_with(self, report: Report) -> Report:
        """The report, of an epoch with what is not said yet."""
        if not self._unsaid or not isinstance(report, EpochReport):
            return report
        unsaid, self._unsaid = self._unsaid, []
        return replace(report, notes=(*report.notes, *unsaid))


def in_words(error: OSError | WriteError) -> str:
    """An error of the disk as a sentence that names the file."""
    if isinstance(error, WriteError):
        return str(error)
    named = f"{error.filename}: " if error.filename is not None else ""
    return f"{named}{reason(error)}"
