"""What was found about one component: its checks, and of these the findings to show."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from nnfs_cli.gradcheck.compare import TensorCheck, Verdict

WORST_FIRST: tuple[Verdict, ...] = ("FAIL", "inconclusive", "too small to tell", "pass")


@dataclass(frozen=True)
class LawCheck:
    """The verdict on a law, such as `rows are apart`.   diagnosis: how it is broken."""

    subject: str
    law: str
    verdict: Verdict
    diagnosis: str = ""

    @property
    def passed(self) -> bool:
        return self.verdict == "pass"

    def record(self) -> dict[str, Any]:
        """As a JSON mapping."""
        return dict(vars(self))


Check: TypeAlias = TensorCheck | LawCheck


@dataclass(frozen=True)
class Report:
    """All checks of one component, or of a whole network.

    kind, name: as "layer", "dense".   notes: what could not be tried.
    where: the file and line of a plugin's class; empty for what is part of nnfs.
    """

    kind: str
    name: str
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()
    where: str = ""

    @property
    def passed(self) -> bool:
        return self.verdict == "pass"

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all checks."""
        return min((check.verdict for check in self.checks), key=WORST_FIRST.index, default="pass")

    @property
    def error(self) -> float | None:
        """The largest relative error of all gradients; None if none was compared."""
        return self.worst.max_relative if self.worst is not None else None

    @property
    def worst(self) -> TensorCheck | None:
        """The gradient with the largest relative error."""
        tensors = [check for check in self.checks if isinstance(check, TensorCheck)]
        return max(tensors, key=lambda check: check.max_relative, default=None)

    @property
    def findings(self) -> list[Check]:
        """What to show: each mistake once, where it was seen first."""
        wrong = [check for check in self.checks if check.verdict == self.verdict and not check.passed]
        laws = {check.law: check for check in reversed(wrong) if isinstance(check, LawCheck)}
        tensors: dict[str, list[TensorCheck]] = {}
        for check in wrong:
            if isinstance(check, TensorCheck):
                tensors.setdefault(check.tensor.removesuffix(", one direction"), []).append(check)
        if len(tensors) > 1:
            tensors.pop("all", None)  # it follows from the others
        if "x" in tensors:
            tensors.pop("below", None)  # its gradient is the sum of x's
        return [*reversed(laws.values()), *(_first(checks) for checks in tensors.values())]

    def sentences(self, check: Check) -> Iterator[str]:
        """Where a mistake was seen, as `W[1, 0]: analytic 2, numeric 1, for relu on (4, 5)`; what it is."""
        tensor = check.tensor if isinstance(check, TensorCheck) else ""
        if isinstance(check, TensorCheck) and check.worst is not None:
            index, analytic, numeric = check.worst
            tensor += f"{list(index)}: analytic {analytic:.9g}, numeric {numeric:.9g}"
        if tensor:
            yield f"{tensor}, for {check.subject}"
        if check.diagnosis:
            known = tensor or check.subject == self.name
            yield check.diagnosis if known else f"{check.diagnosis} (for {check.subject})"

    def record(self) -> dict[str, Any]:
        """As a JSON mapping, without the single checks."""
        return {
            "kind": self.kind,
            "name": self.name,
            "where": self.where,
            "verdict": self.verdict,
            "error": self.error,
            "findings": [check.record() for check in self.findings],
            "notes": list(self.notes),
        }


def _first(checks: Sequence[TensorCheck]) -> TensorCheck:
    """The first of one tensor's failed checks, with a diagnosis if one fits.

    A factor must be the same in all of them: 4 is not N if it is 4 at N = 16, too.
    """
    agreed = len({check.factor for check in checks if check.factor is not None}) <= 1
    good = [check for check in checks if check.diagnosis and (agreed or not check.factor)]
    return good[0] if good else dataclasses.replace(checks[0], diagnosis="", factor=None)
