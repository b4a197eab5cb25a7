"""Losses and regularizers tried: in stages, from the plainest mistakes to what they promise."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import numpy as np

from nnfs_cli.gradcheck import loss_laws, regularizer_laws
from nnfs_cli.gradcheck.formula_laws import loss_formulas_hold
from nnfs_cli.gradcheck.report import Check, LawCheck
from nnfs_cli.gradcheck.subject import Settings, Subject
from nnfs_cli.gradcheck.subjects import component_text, loss_subjects, regularizer_subject
from nnfs_cli.losses.base import Loss
from nnfs_cli.regularizers.base import Regularizer

MANY_ROWS = 16
"""Rows of a larger batch; BATCH_SIZES are small, since each entry is compared there."""


def loss_checks(losses: Sequence[Loss], settings: Settings) -> tuple[Check, ...]:
    """All checks of one loss with several options, up to the stage that finds a mistake."""
    seed = settings.seed

    def obeyed(law: Callable[[Loss, int], Iterator[str]]) -> Iterator[Check]:
        for loss in losses:
            yield from law_checks(component_text(loss), law.__name__.replace("_", " "), law(loss, seed))

    def gradients() -> Iterator[Check]:
        for loss in losses:
            for n, width in ((1, 2), (4, 3)):
                for subject in loss_subjects(loss, n, width, seed):
                    yield from settings.check(subject)

    def more() -> Iterator[Check]:
        for loss in losses:
            widths = ((MANY_ROWS, 5), (7, 2), *([(5, 1)] if loss.tasks == ("regression",) else []))
            subjects = [subject for n, m in widths for subject in loss_subjects(loss, n, m, seed)]
            subjects += loss_subjects(loss, MANY_ROWS, 3, seed + 1, 10.0, ", outputs up to ten times larger")
            yield from in_short(subjects, settings)

    first = (loss_laws.tasks_are_known, loss_laws.calls_write_and_change_nothing_else)
    return in_stages(
        [
            *(partial(obeyed, each) for each in first),
            gradients,
            more,
            *(partial(obeyed, each) for each in (*loss_laws.LAWS, loss_formulas_hold)),
        ]
    )


def regularizer_checks(regularizers: Sequence[Regularizer], settings: Settings) -> tuple[Check, ...]:
    """All checks of one regularizer with several options, up to the stage that finds a mistake."""
    seed = settings.seed

    def obeyed(law: Callable[[Regularizer, int], Iterator[str]]) -> Iterator[Check]:
        for each in regularizers:
            yield from law_checks(component_text(each), law.__name__.replace("_", " "), law(each, seed))

    def gradients() -> Iterator[Check]:
        for each in regularizers:
            yield from settings.check(regularizer_subject(each, seed))

    def more() -> Iterator[Check]:
        for each in regularizers:
            larger_values = regularizer_subject(each, seed + 1, 10.0, ", parameters ten times larger")
            yield from in_short([larger_values], settings)

    return in_stages(
        [
            partial(obeyed, regularizer_laws.calls_change_only_what_they_should),
            gradients,
            more,
            *(partial(obeyed, each) for each in regularizer_laws.LAWS),
        ]
    )


def in_stages(stages: Iterable[Callable[[], Iterator[Check]]]) -> tuple[Check, ...]:
    """The checks of one stage after the other, up to the first that finds a mistake.

    Later stages would find the consequences of that mistake.
    """
    checks: list[Check] = []
    for stage in stages:
        checks.extend(stage())
        if not all(check.passed for check in checks):
            break
    return tuple(checks)


def in_short(subjects: Sequence[Subject], settings: Settings) -> Iterator[Check]:
    """The short checks of those subjects that can be told."""
    for subject in subjects:
        if np.isfinite(subject.loss()):  # else it cannot be told there
            yield from settings.check_in_short(subject)


def law_checks(subject: str, law: str, broken: Iterator[str] | Sequence[str]) -> Iterator[LawCheck]:
    """A failed check for each sentence on how the law is broken, or one that passed."""
    sentences = list(broken)
    for sentence in sentences:
        yield LawCheck(subject, law, "FAIL", sentence)
    if not sentences:
        yield LawCheck(subject, law, "pass")
