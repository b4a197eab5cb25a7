"""What the disk did not take of a training that goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from nnfs_cli.core.os_errors import WriteError, in_words
from nnfs_cli.training.reports import EpochReport, Report

DISK_ERRORS = (OSError, WriteError)


class Troubles:
    """Errors of the disk that a training survives: each is said once, with the next epoch and at the end.

    sentences: where they are collected.
    """

    def __init__(self, sentences: list[str]) -> None:
        self._sentences = sentences
        self._unsaid: list[str] = []

    @contextmanager
    def surviving(self, consequence: str) -> Iterator[None]:
        """Go on after an error of the disk in the `with` block, and say what follows from it."""
        try:
            yield
        except DISK_ERRORS as error:
            sentence = f"{said(error)}; {consequence}"
            if sentence not in self._sentences:
                self._sentences.append(sentence)
                self._unsaid.append(sentence)

    def said_with(self, report: Report) -> Report:
        """The report, of an epoch with what is not said yet."""
        if not self._unsaid or not isinstance(report, EpochReport):
            return report
        unsaid, self._unsaid = self._unsaid, []
        return replace(report, notes=(*report.notes, *unsaid))


def said(error: OSError | WriteError) -> str:
    """An error of the disk as a sentence that names the file."""
    return in_words(error) if isinstance(error, OSError) else str(error)
