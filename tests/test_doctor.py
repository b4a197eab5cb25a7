"""`nnfs doctor` and `nnfs lr-find`: what they print, and that they leave everything as it is."""

import json
from pathlib import Path

import numpy as np
import pytest

from nnfs_cli import Experiment
from nnfs_cli.cli import console
from nnfs_cli.config.load import load_config
from nnfs_cli.core.arrays import Array
from nnfs_cli.doctor.baselines import LinearModel, advantage, lowest
from nnfs_cli.doctor.examine import choose
from nnfs_cli.doctor.finding import CHECKS
from nnfs_cli.jobs.doctor import examine_config
from nnfs_cli.losses.base import LOSSES
from tests.conftest import Nnfs
from tests.toys import CUBIC, ROOT, toy_config

QUICK = ("constant-columns", "duplicates", "rows")
SMALL = ("cubic", "cubic-adam", "wine", "breast-cancer", "diabetes", "digits", "friedman1", "spiral", "xor")
LARGE = ("mnist", "mnist-dropout", "mnist-cnn", "mnist-best")
XOR = """
name: xor
dataset: {type: xor, samples: 4}
layers: [{type: dense, units: 4}, tanh, {type: dense, units: 2}]
loss: cross_entropy
optimizer: {type: adam, learning_rate: 0.01}
training: {epochs: 500, batch_size: 4}
"""


def only(*checks: str) -> list[str]:
    return [text for check in checks for text in ("--only", check)]


def test_a_healthy_config_passes_with_status_0_and_leaves_no_file(nnfs: Nnfs, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    outcome = nnfs("doctor", "cubic.yaml", *only(*QUICK, "units"))
    assert outcome.status == 0
    assert "all 4 checks pass" in outcome.out
    assert sorted(tmp_path.rglob("*")) == before


def test_a_failed_check_gives_status_1_with_why_and_what_to_do(nnfs: Nnfs) -> None:
    change = ("--set", "optimizer.learning_rate=20")
    outcome = nnfs("doctor", "cubic.yaml", *change, *only("rows", "learning-rate"))
    assert outcome.status == 1
    assert "1 of 2 checks fail" in outcome.out
    assert "-> set optimizer.learning_rate near" in outcome.out


def test_warnings_alone_give_status_0(nnfs: Nnfs) -> None:
    outcome = nnfs("doctor", "blobs.yaml", "--set", "loss=mse", "--set", "metrics=[]", *only("last-layer"))
    assert (outcome.status, "warn: last-layer" in outcome.out) == (0, True)


def test_json_has_every_finding_with_its_numbers(nnfs: Nnfs) -> None:
    outcome = nnfs("doctor", "blobs.yaml", "--json", *only(*QUICK))
    record = json.loads(outcome.out)
    assert [finding["check"] for finding in record["findings"]] == ["constant-columns", "rows", "duplicates"]
    assert all(finding["why"] and finding["measured"] for finding in record["findings"])


def test_json_has_null_for_numbers_that_are_not_finite(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_json({"losses": [1.5, np.inf, float("nan")]})
    assert json.loads(capsys.readouterr().out) == {"losses": [1.5, None, None]}


def test_an_unknown_check_is_one_error_with_the_nearest_name(nnfs: Nnfs) -> None:
    outcome = nnfs("doctor", "cubic.yaml", "--only", "duplicate")
    assert outcome.status == 2
    assert "did you mean 'duplicates'?" in outcome.err


@pytest.mark.parametrize("width", [60, 80, 200])
def test_no_line_is_wider_than_the_screen(nnfs: Nnfs, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr("nnfs_cli.cli.screen.out.width", width)
    outcome = nnfs("doctor", "blobs.yaml", *only(*QUICK, "input-scale"))
    table = outcome.out.split("blobs: ")[0]
    assert max(map(len, table.splitlines())) <= width


def test_the_same_seed_gives_the_same_findings_and_the_experiment_stays() -> None:
    experiment = Experiment(toy_config(CUBIC))
    before = {name: array.tobytes() for name, array in experiment.state().items()}
    found = [experiment.doctor(["start-loss", "updates"]) for _ in range(2)]
    assert found[0].findings == found[1].findings
    assert before == {name: array.tobytes() for name, array in experiment.state().items()}


def test_every_check_has_a_sentence_and_an_order() -> None:
    assert sorted(choose()) == sorted(CHECKS)
    assert all(check.shows.endswith(".") for check in CHECKS.values())


@pytest.mark.slow
def test_four_rows_of_exclusive_or_raise_no_alarm() -> None:
    found = examine_config(toy_config(XOR))
    assert not found.alarms


@pytest.mark.slow
@pytest.mark.parametrize("name", [*SMALL, *LARGE])
def test_a_shipped_config_raises_no_alarm(name: str) -> None:
    found = examine_config(load_config(ROOT / "configs" / f"{name}.yaml"))
    assert not found.alarms


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", SMALL)
def test_a_shipped_config_of_another_seed_raises_no_alarm(name: str, seed: int) -> None:
    found = examine_config(load_config(ROOT / "configs" / f"{name}.yaml", [f"seed={seed + 100}"]))
    assert not found.alarms


@pytest.mark.parametrize("name", list(LOSSES))
def test_the_lowest_loss_is_below_all_that_random_outputs_give(name: str) -> None:
    loss, rng = LOSSES[name](), np.random.default_rng(0)
    for _, z, t in loss.trials(40, 3, rng):
        constant = lowest(loss, np.zeros_like(z), t, constant=True)[1]
        perfect = lowest(loss, np.zeros_like(z), t, constant=False)[1]
        tries = [loss.value(np.full_like(z, 1.0) * rng.normal(size=z.shape[1]), t) for _ in range(50)]
        assert perfect <= constant <= min(tries)


def test_the_best_constant_is_the_class_shares_and_the_mean() -> None:
    t = np.array([0, 0, 0, 1])
    shares = np.array([0.75, 0.25])
    value = lowest(LOSSES["cross_entropy"](), np.zeros((4, 2)), t, constant=True)[1]
    assert value == pytest.approx(-(shares * np.log(shares)).sum(), rel=1e-6)
    real = np.array([[1.0], [2.0], [6.0]])
    z, value = lowest(LOSSES["mse"](), np.zeros((3, 1)), real, constant=True)
    assert (z[0, 0], value) == pytest.approx((3.0, real.var()))


def test_the_linear_model_finds_a_plane() -> None:
    rng = np.random.default_rng(0)
    x: Array = rng.normal(size=(500, 3))
    t = x @ np.array([[1.0], [-2.0], [0.5]]) + 4.0
    assert np.abs(LinearModel(x, t, 0)(x) - t).max() < 0.2


def test_an_advantage_of_chance_is_not_sure() -> None:
    rng = np.random.default_rng(0)
    sure = [advantage(rng.normal(size=50), rng.normal(size=50))[1] for _ in range(1000)]
    assert np.mean(np.array(sure) >= 3.0) < 0.01


def test_lr_find_suggests_a_rate_that_learns_and_draws_it(nnfs: Nnfs, tmp_path: Path) -> None:
    outcome = nnfs("lr-find", "blobs.yaml", "--low", "1e-3", "--picture", "rates.png", "--style", "dark")
    assert outcome.status == 0
    assert "suggestion:" in outcome.out
    assert (tmp_path / "rates.png").stat().st_size > 10_000


def test_lr_find_tells_a_rate_where_the_loss_grows(nnfs: Nnfs) -> None:
    outcome = nnfs("lr-find", "cubic.yaml", "--set", "optimizer.learning_rate=5", "--json")
    record = json.loads(outcome.out)
    assert record["suggestion"] < record["limit"] < record["own"]
    assert record["rates"][0] == pytest.approx(1e-6)


def test_lr_find_refuses_rates_in_the_wrong_order(nnfs: Nnfs) -> None:
    outcome = nnfs("lr-find", "cubic.yaml", "--low", "1", "--high", "0.1")
    assert (outcome.status, "0 < low < high" in outcome.err) == (2, True)
