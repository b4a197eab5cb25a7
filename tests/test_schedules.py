"""Schedules: laws for all of them, and rates computed by hand."""

import copy
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from nnfs_cli.config.reader import create
from nnfs_cli.core.errors import OptionError
from nnfs_cli.schedules.base import SCHEDULES, Clock, Schedule
from nnfs_cli.schedules.constant import Constant

BASE, EPOCHS = 0.1, 12
VARIANTS: dict[str, list[Mapping[str, Any]]] = {
    "step": [{"every": 2.5, "factor": 0.5}, {"every": 0.1, "factor": 0.9}],
    "exponential": [{"gamma": 0.5}, {"gamma": 1.0}],
    "polynomial": [{"power": 3.0}, {"power": 0.5, "end": 0.01}],
    "cosine": [{"minimum": 0.01}, {"cycle": 2.0}, {"cycle": 0.7, "growth": 1.5}, {"cycle": 0.001}],
    "one_cycle": [{"rise": 0.5}, {"rise": 0.001}, {"rise": 0.999, "first_divisor": 1.0}],
    "inverse_time": [{"decay": 0.0}, {"decay": 3.0}],
    "reduce_on_plateau": [{"patience": 0}, {"patience": 1, "factor": 0.5, "cooldown": 2, "minimum": 0.01}],
}
CASES = [
    pytest.param(name, options, id=f"{name}-{options}")
    for name in SCHEDULES
    for options in [{}, *VARIANTS.get(name, [])]
]
UNOBSERVING = [case for case in CASES if case.values[0] != "reduce_on_plateau"]
"""Schedules that observe nothing. Others also observe the epochs of warm-up."""

EPOCHS_OF_STEPS = pytest.mark.parametrize("per_epoch", [1, 3, 10])


def rates(
    schedule: Schedule, per_epoch: int, epochs: float = EPOCHS, steps: int | None = None
) -> list[float]:
    """The rates of all steps and of one after the end, with a loss that never improves."""
    schedule = copy.deepcopy(schedule)
    schedule.start()
    found = []
    for step in range(steps if steps is not None else round(epochs * per_epoch) + 1):
        found.append(schedule.learning_rate(BASE, Clock(step, per_epoch, epochs)))
        if (step + 1) % per_epoch == 0:
            schedule.observe(1.0)
    return found


def by_hand(
    name: str,
    expected: Sequence[float],
    *,
    per_epoch: int = 1,
    epochs: float,
    base: float = 1.0,
    **options: Any,
) -> None:
    schedule: Schedule = create(Schedule, name, options)
    found = [schedule.learning_rate(base, Clock(step, per_epoch, epochs)) for step in range(len(expected))]
    assert found == pytest.approx(list(expected), rel=1e-12, abs=1e-15)


@EPOCHS_OF_STEPS
@pytest.mark.parametrize(("name", "options"), CASES)
def test_warm_up_is_linear_and_ends_at_the_base_rate(
    name: str, options: Mapping[str, Any], per_epoch: int
) -> None:
    found = rates(create(Schedule, name, {**options, "warmup": 4}), per_epoch)
    steps = 4 * per_epoch
    assert found[:steps] == pytest.approx([BASE * (i + 1) / steps for i in range(steps)], rel=1e-15)
    assert found[steps - 1] == BASE


@EPOCHS_OF_STEPS
@pytest.mark.parametrize("warmup", [3, 2.5, 0.4])
@pytest.mark.parametrize(("name", "options"), UNOBSERVING)
def test_after_warm_up_the_schedule_runs_on_what_is_left(
    name: str, options: Mapping[str, Any], warmup: float, per_epoch: int
) -> None:
    steps, warmup_steps = EPOCHS * per_epoch, round(warmup * per_epoch)
    warmed = rates(create(Schedule, name, {**options, "warmup": warmup}), per_epoch)
    plain = rates(create(Schedule, name, options), per_epoch, epochs=(steps - warmup_steps) / per_epoch)
    assert warmed[warmup_steps:] == plain


@EPOCHS_OF_STEPS
@pytest.mark.parametrize("warmup", [0, 0.001, 2.5, EPOCHS, EPOCHS + 1])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_every_rate_is_above_zero_and_no_higher_than_the_base(
    name: str, options: Mapping[str, Any], warmup: float, per_epoch: int
) -> None:
    *found, past_the_end = rates(create(Schedule, name, {**options, "warmup": warmup}), per_epoch)
    assert all(0.0 < rate <= BASE * (1 + 1e-12) for rate in found)
    assert 0.0 <= past_the_end <= BASE * (1 + 1e-12)  # where the rate may be 0


@pytest.mark.parametrize("epochs", [1, 2])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_shortest_trainings_have_rates_too(name: str, options: Mapping[str, Any], epochs: int) -> None:
    *found, past_the_end = rates(create(Schedule, name, options), 1, epochs)
    assert all(0.0 < rate <= BASE for rate in found)
    assert 0.0 <= past_the_end <= BASE


@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_rate_depends_on_the_clock_alone_between_two_observations(
    name: str, options: Mapping[str, Any]
) -> None:
    schedule: Schedule = create(Schedule, name, options)
    forward = [schedule.learning_rate(BASE, Clock(step, 5, EPOCHS)) for step in range(60)]
    backward = [schedule.learning_rate(BASE, Clock(step, 5, EPOCHS)) for step in reversed(range(60))]
    assert forward == backward[::-1]


@pytest.mark.parametrize("warmup", [0.0, 1.5])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_steady_rate_lasts_to_the_end_of_the_epoch(
    name: str, options: Mapping[str, Any], warmup: float
) -> None:
    schedule: Schedule = create(Schedule, name, {**options, "warmup": warmup})
    schedule.start()
    clocks = [Clock(step, 4, EPOCHS) for step in range(4 * EPOCHS)]
    found = [schedule.learning_rate(BASE, clock) for clock in clocks]
    steady = [clock.step for clock in clocks if schedule.is_steady(clock)]
    assert all(found[step] == found[step // 4 * 4 + 3] for step in steady)
    assert bool(steady) == (name in ("constant", "reduce_on_plateau"))


def test_a_schedule_that_derives_from_a_steady_one_is_not_taken_for_steady() -> None:
    class Falling(Constant):
        def rate(self, base: float, clock: Clock) -> float:
            return base * (1 - clock.share)

    assert Constant().is_steady(Clock(0, 4, EPOCHS))
    assert not Falling().is_steady(Clock(0, 4, EPOCHS))


@pytest.mark.parametrize("stop_after", [0, 1, 5, 11])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_schedules_state_carries_over_to_another(
    name: str, options: Mapping[str, Any], stop_after: int
) -> None:
    values = [3.0, 2.0, 2.0, 2.5, 1.0, 1.0, 1.0, 1.0, 0.9, 0.9, 0.9, 0.9]
    first, second = create(Schedule, name, options), create(Schedule, name, options)
    for schedule in (first, second):
        schedule.start()
    for value in values[:stop_after]:
        first.observe(value)
    for key, array in second.state().items():
        array[...] = first.state()[key].copy()
    for epoch, value in enumerate(values[stop_after:], start=stop_after):
        clock = Clock(epoch, 1, EPOCHS)
        assert second.learning_rate(BASE, clock) == first.learning_rate(BASE, clock)
        for schedule in (first, second):
            schedule.observe(value)


def test_a_new_start_forgets_what_was_observed() -> None:
    schedule: Schedule = create(Schedule, "reduce_on_plateau", {"patience": 0})
    for _ in range(5):
        schedule.observe(1.0)
    assert schedule.learning_rate(BASE, Clock(5, 1, EPOCHS)) < BASE
    schedule.start()
    assert schedule.learning_rate(BASE, Clock(0, 1, EPOCHS)) == BASE


def test_constant_by_hand() -> None:
    by_hand("constant", [1, 1, 1, 1], epochs=3)
    by_hand("constant", [0.25, 0.5, 0.75, 1, 1, 1], per_epoch=2, epochs=3, warmup=2)


def test_step_by_hand() -> None:
    by_hand("step", [1, 1, 0.5, 0.5, 0.25, 0.25], epochs=6, every=2, factor=0.5)
    by_hand("step", [1, 1, 1, 0.5, 0.5, 0.25, 0.25], per_epoch=5, epochs=2, every=0.5, factor=0.5)


@pytest.mark.parametrize(("every", "steps"), [(0.1, 1), (0.3, 3), (0.7, 7), (1.1, 11), (2.3, 23)])
def test_a_step_comes_in_time_although_fractions_of_epochs_are_rounded(every: float, steps: int) -> None:
    expected = [0.9 ** (step // steps) for step in range(200)]
    by_hand("step", expected, per_epoch=10, epochs=20, every=every, factor=0.9)


def test_exponential_by_hand() -> None:
    by_hand("exponential", [1, 1, 0.5, 0.5, 0.25, 0.25], per_epoch=2, epochs=3, gamma=0.5)


def test_polynomial_by_hand() -> None:
    by_hand("polynomial", [1, 0.75, 0.5, 0.25, 0, 0], per_epoch=2, epochs=2)
    squares = [0.2 + 0.8 * x for x in (1, 0.5625, 0.25, 0.0625, 0, 0)]
    by_hand("polynomial", squares, epochs=4, power=2, end=0.2)


def test_cosine_by_hand() -> None:
    half = math.sqrt(0.5)
    expected = [1, 0.2 + 0.4 * (1 + half), 0.6, 0.2 + 0.4 * (1 - half), 0.2, 0.2]
    by_hand("cosine", expected, epochs=4, minimum=0.2)
    by_hand("cosine", expected, epochs=2, per_epoch=2, minimum=0.2)


@pytest.mark.parametrize(
    ("options", "restarts"),
    [
        ({"cycle": 0.3}, range(0, 100, 3)),
        ({"cycle": 0.1, "growth": 2}, [0, 1, 3, 7, 15, 31, 63]),
        ({"cycle": 1.0, "growth": 1.1}, [0, 10, 21, 33, 46, 61, 77, 95]),
        ({"cycle": 4.0, "growth": 1000}, [0, 40]),
        ({"cycle": 0.01}, range(100)),
    ],
)
def test_cosine_restarts_at_the_base_rate_to_the_step(
    options: Mapping[str, Any], restarts: Sequence[int]
) -> None:
    schedule: Schedule = create(Schedule, "cosine", options)
    found = [schedule.learning_rate(BASE, Clock(step, 10, 10)) for step in range(100)]
    assert [step for step, rate in enumerate(found) if rate == BASE] == list(restarts)
    assert min(found) > 0


def test_one_cycle_by_hand() -> None:
    # Ten steps: the top at 0.3 * 10 - 1 = 2, the bottom at 9.
    schedule = [1, 13, 25, *[12.50005 + 12.49995 * math.cos(math.pi * i / 7) for i in range(1, 7)], 1e-4]
    by_hand("one_cycle", [*schedule, 1e-4, 1e-4], epochs=10, base=25)
    by_hand("one_cycle", [*schedule, 1e-4, 1e-4], epochs=5, per_epoch=2, base=25)


def test_one_cycle_may_start_at_its_top() -> None:
    by_hand("one_cycle", [1, (1 + 4e-6) / 2, 4e-6], epochs=3, rise=1 / 3)


def test_inverse_time_by_hand() -> None:
    by_hand("inverse_time", [1, 1 / 1.5, 1 / 2, 1 / 2.5, 1 / 3], per_epoch=2, epochs=2, decay=1.0)


def plateau(values: Sequence[float], base: float = 1.0, **options: Any) -> list[float]:
    """The rate of each epoch, after observing the values of the epochs before."""
    schedule: Schedule = create(Schedule, "reduce_on_plateau", {"factor": 0.5, **options})
    found = []
    for epoch, value in enumerate(values):
        found.append(schedule.learning_rate(base, Clock(epoch, 1, len(values))))
        schedule.observe(value)
    return found


@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        # Without patience, the first epoch without improvement cuts the next one's rate.
        ([3, 2, 2, 1, 2, 0], {"patience": 0}, [1, 1, 1, 0.5, 0.5, 0.25]),
        # One epoch without improvement is allowed; an improvement restarts the count.
        ([3, 3, 2, 2, 2, 2, 0], {"patience": 1}, [1, 1, 1, 1, 1, 0.5, 0.5]),
        ([1, 1, 1, 1, 1, 1], {"patience": 1}, [1, 1, 1, 0.5, 0.5, 0.25]),
        # The two epochs after a cut do not count.
        ([1, 1, 1, 1, 1, 1], {"patience": 0, "cooldown": 2}, [1, 1, 0.5, 0.5, 0.5, 0.25]),
        # A gain of a tenth does not count, a gain of a fifth does.
        ([1, 0.91, 0.8, 0.1], {"patience": 0, "threshold": 0.1}, [1, 1, 0.5, 0.5]),
        # The same for negative values, as of metrics that are maximized.
        ([-1, -1.09, -1.2, -2], {"patience": 0, "threshold": 0.1}, [1, 1, 0.5, 0.5]),
        ([1, 1, 1, 1, 1], {"patience": 0, "minimum": 0.3}, [1, 1, 0.5, 0.3, 0.3]),
        ([1, 1, 1], {"patience": 0, "minimum": 3.0}, [1, 1, 1]),
        ([math.nan, math.inf, 5, 4], {"patience": 0}, [1, 0.5, 0.25, 0.25]),
    ],
)
def test_reduce_on_plateau_by_hand(
    values: Sequence[float], options: Mapping[str, Any], expected: Sequence[float]
) -> None:
    assert plateau(values, **options) == pytest.approx(expected, rel=1e-12)


def test_a_plateau_however_long_leaves_a_rate() -> None:
    assert plateau([1.0] * 2000, patience=0, factor=0.1)[-1] == pytest.approx(1e-8)
    assert plateau([1.0] * 50, base=1e-9, patience=0)[-1] == 1e-9


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("constant", {"warmup": -1.0}, "warmup must be"),
        ("step", {"every": 0.0, "factor": 1.1}, "every must be .*; factor must be"),
        ("exponential", {"gamma": 0.0}, "gamma must be"),
        ("polynomial", {"power": 0.0, "end": -1.0}, "power must be .*; end must be"),
        ("cosine", {"minimum": -0.1, "growth": 0.5}, "minimum must be .*; growth must be"),
        ("one_cycle", {"rise": 1.0, "first_divisor": 0.5}, "rise must be .*; first_divisor must be"),
        ("inverse_time", {"decay": -0.1}, "decay must be"),
        ("reduce_on_plateau", {"factor": 1.0, "patience": -1}, "factor must be .*; patience must be"),
    ],
)
def test_options_out_of_range_are_refused(name: str, options: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(OptionError, match=problem):
        SCHEDULES[name](**options)
