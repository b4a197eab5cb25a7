"""What `nnfs gradcheck` prints: a line for each component, and each mistake once."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from nnfs_cli.cli.screen import Table, out, wrap

if TYPE_CHECKING:
    from nnfs_cli.gradcheck.compare import TensorCheck
    from nnfs_cli.gradcheck.report import Report
    from nnfs_cli.jobs.gradcheck import GradientCheck

PROSE = 80
"""The largest width of sentences."""

FIRST_TO_GO = ("median", "max abs.", "complex", "shape", "zeros", "kinks", "entries", "max error")
"""Columns that are left out, in this order, until the rest fits. Verdict and tensor always stay."""


def show_gradcheck(found: "GradientCheck", *, verbose: bool) -> None:
    """The verdict on each component, the findings, and what was not checked; `verbose`: each tensor too."""
    from nnfs_cli.gradcheck.compare import RULE

    if verbose:
        for report in found.reports:
            _show_checks(report)
    table = Table(lines=False)
    for heading in ("verdict", "component", "error"):
        table.add_column(heading)
    for report in found.reports:
        worst = report.worst if _tells(report) else None
        error = f"error {worst.max_relative:.0e} in {worst.tensor}" if worst is not None else ""
        name = f"{report.kind} {report.name}"
        table.add_row(_colored(report.verdict), name, error)
    out.print(table)
    for report in found.reports:
        _show_findings(report)
    failed = sum(not report.passed for report in found.reports)
    whole = len(found.reports)
    verdict = f"{failed} of {whole} did not pass" if failed else f"all {whole} pass"
    out.print(f"\n{verdict}; tolerance {found.tolerance:g}, seed {found.seed}", style="bold")
    own = [f"{report.kind} {report.name}: {note}" for report in found.reports for note in report.notes]
    for note in (*own, *found.notes):
        _prose(note)
    _prose(RULE if verbose else "error: the largest of all gradients, relative; --verbose shows each", "dim")


def _tells(report: "Report") -> bool:
    """Whether the error is the reason for the verdict, and no law."""
    return report.passed or any(hasattr(finding, "tensor") for finding in report.findings)


def _show_findings(report: "Report") -> None:
    """Each mistake of a component: where it was seen, the numbers, and what it looks like."""
    if not report.passed:
        where = f" ({report.where})" if report.where else ""
        out.print(f"\n{report.verdict}: {report.kind} {report.name}{where}", style="bold")
    for check in report.findings:
        for sentence in report.sentences(check):
            _prose(sentence, indent=2)


def _show_checks(report: "Report") -> None:
    """A row for each tensor, without the columns for which there is no room; then the laws."""
    from nnfs_cli.gradcheck.compare import TensorCheck
    from nnfs_cli.gradcheck.report import LawCheck

    out.print(f"{report.kind} {report.name}", style="bold")
    subjects = dict.fromkeys(check.subject for check in report.checks)
    for subject in subjects:
        checks = [check for check in report.checks if check.subject == subject]
        tensors = [_cells(check) for check in checks if isinstance(check, TensorCheck)]
        _prose(subject, "dim", indent=2)
        if tensors:
            out.print(_table(tensors))
        for check in checks:
            if isinstance(check, LawCheck):
                out.print(Text.assemble("    ", _colored(check.verdict), f"  {check.law}"))


def _cells(check: "TensorCheck") -> dict[str, str]:
    return {
        "": check.verdict,
        "tensor": check.tensor,
        "max error": f"{check.max_relative:.1e}",
        "shape": str(check.shape),
        "entries": str(check.entries),
        "zeros": str(check.zeros or ""),
        "kinks": str(check.kinks or ""),
        "median": f"{check.median_relative:.1e}",
        "max abs.": f"{check.max_absolute:.1e}",
        "complex": "" if check.complex_error is None else f"{check.complex_error:.1e}",
    }


def _table(rows: Sequence[Mapping[str, str]]) -> Table:
    table = Table()
    for name in rows[0]:
        drop = len(FIRST_TO_GO) - FIRST_TO_GO.index(name) if name in FIRST_TO_GO else 0
        table.add_column(name, justify="left" if name in ("", "tensor", "shape") else "right", drop=drop)
    for row in rows:
        table.add_row(*(_colored(cell) if name == "" else cell for name, cell in row.items()))
    return table


def _colored(verdict: str) -> Text:
    return Text(verdict, style="green" if verdict == "pass" else "bold red")


def _prose(text: str, style: str = "", indent: int = 0) -> None:
    """Sentences, wrapped by words."""
    out.print(wrap(" " * indent + text, min(out.width, PROSE)), style=style)
