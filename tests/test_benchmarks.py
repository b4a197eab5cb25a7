"""The benchmarks: contestants do the same work, and reports give the results."""

import dataclasses
import os
from dataclasses import replace
from pathlib import Path
from time import sleep

import numpy as np
import pytest
import workers
from agreement import Reference
from busy import Neighbor
from claims import busy_claims, claims
from contest import THREADS, environment
from contestants import BUSY, OURS, Entry, busy_entries, entries
from kernels import AS_IT_COMES, kernel_given, other_kernels
from page import page
from psutil import Process
from records import Record, all_records
from report import Claim, Section, timing_table
from run import write
from sides.blas import products
from sides.ours import Ours
from sides.plain import Plain
from workloads import CNN, CURVE, MLP, SGD, WORKLOADS, LayerOptions, Workload, conv
from yardstick import Yardstick

from nnfs_cli.core.blas_kernel import VARIABLE
from nnfs_cli.core.blas_threads import kernel_name
from tests.toys import write_idx


def digits(folder: Path, layers: tuple[LayerOptions, ...]) -> Workload:
    """A workload of 88 random images for `layers`, in batches of 16."""
    rng = np.random.default_rng(0)
    write_idx(folder / "images", rng.integers(0, 256, (96, 28, 28)))
    write_idx(folder / "labels", np.arange(96) % 10)
    dataset = {
        "type": "idx",
        "train_images": str(folder / "images"),
        "train_labels": str(folder / "labels"),
    }
    return Workload("toy", "a toy", dataset, layers, "cross_entropy", SGD, rows=88, batch=16)


def gap_to_plain(workload: Workload, path: Path) -> float:
    """The gap between plain NumPy's weights and ours, by the file that workers read."""
    Reference.of(workload).save(path)
    return Reference.load(path).gap(Plain(workload, "1"))


def test_plain_numpy_comes_to_our_weights_on_digits(tmp_path: Path) -> None:
    assert gap_to_plain(digits(tmp_path, MLP), tmp_path / "reference.npz") < 1e-6


def test_plain_numpy_comes_to_our_weights_with_convolutions(tmp_path: Path) -> None:
    small = [{**layer, "filters": 3} if layer["type"] == "conv2d" else layer for layer in CNN]
    assert gap_to_plain(digits(tmp_path, tuple(small)), tmp_path / "reference.npz") < 1e-6


def test_plain_numpy_comes_to_our_weights_on_a_curve(tmp_path: Path) -> None:
    assert WORKLOADS["B"].layers == CURVE
    assert gap_to_plain(WORKLOADS["B"], tmp_path / "reference.npz") < 1e-6


def test_a_contestant_that_does_something_else_is_found_out(tmp_path: Path) -> None:
    workload = digits(tmp_path, MLP)
    faster = dataclasses.replace(workload, optimizer={**SGD, "learning_rate": 0.011})
    assert Reference.of(workload).gap(Plain(faster, "1")) > 1e-4


def test_ours_refuses_batches_that_are_not_its_own(tmp_path: Path) -> None:
    ours = Ours(digits(tmp_path, MLP), "1")
    with pytest.raises(ValueError, match="its own batches"):
        ours.steps([np.arange(16)])


def test_an_epoch_of_ours_is_a_step_for_each_of_its_batches(tmp_path: Path) -> None:
    workload = digits(tmp_path, MLP)
    assert workload.sizes() == [16, 16, 16, 16, 16, 8]
    ours, plain = Ours(workload, "1"), Plain(workload, "1")
    batches = ours.first_batches(6)
    assert sorted(np.concatenate(batches)) == list(range(88))
    plain.start(ours.weights())
    plain.steps(batches)
    ours.part()
    for name, array in plain.weights().items():
        assert array == pytest.approx(ours.weights()[name], abs=1e-6)


def test_the_bare_products_of_a_step_are_forward_and_backward_without_the_lowest_dx() -> None:
    assert list(products(WORKLOADS["A"], 64)) == [
        (64, 784, 128),
        (784, 64, 128),
        (64, 128, 10),
        (128, 64, 10),
        (64, 10, 128),
    ]


def test_the_bare_products_of_a_convolution_see_every_window_once() -> None:
    one = dataclasses.replace(WORKLOADS["C"], layers=(conv(16),))
    forward = [(m, k, n) for m, k, n in products(one, 64) if m == 16]
    assert {(m, k) for m, k, _ in forward} == {(16, 10)}
    assert sum(n for _, _, n in forward) == 26 * 26 * 64


@pytest.mark.parametrize("key", WORKLOADS)
def test_what_is_claimed_of_a_workload_can_be_read_off_its_contestants(key: str) -> None:
    seconds = {entry.name: [2.0, 1.0, 3.0] for entry in entries(key)}
    assert OURS in seconds
    assert len(seconds) == len(entries(key))
    found = claims(WORKLOADS[key], seconds)
    assert found
    assert {claim.found for claim in found} == {1.0}


def test_a_peer_is_judged_at_its_better() -> None:
    seconds = {entry.name: [1.0] for entry in entries("E1")}
    seconds["PyTorch fused, 2 threads"] = [0.5]
    assert [claim.found for claim in claims(WORKLOADS["E1"], seconds)] == [0.5]


@pytest.mark.parametrize("key", WORKLOADS)
def test_what_is_claimed_under_forced_kernels_can_be_read_off_too(key: str) -> None:
    kernels = ["Haswell", "Zen"]
    seconds = {entry.name: [2.0 if entry.kernel else 1.0] for entry in entries(key, kernels)}
    assert len(seconds) == len(entries(key, kernels))
    found = claims(WORKLOADS[key], seconds, kernels)
    forced = [claim for claim in found if claim.what.startswith("Haswell kernels: ")]
    assert bool(forced) == (key in "ABCD")
    ours_took_longer = {claim.what: claim.found for claim in forced if "PyTorch" in claim.what}
    assert set(ours_took_longer.values()) <= {0.5}
    assert {claim.found for claim in found if "kernels: " not in claim.what} == {1.0}


@pytest.mark.parametrize("key", BUSY)
def test_beside_a_busy_neighbor_ours_is_held_to_one_thread_and_to_pytorch(key: str) -> None:
    seconds = {entry.name: [1.0] for entry in busy_entries(key)}
    assert len(seconds) == len(busy_entries(key))
    assert [claim.found for claim in busy_claims({**seconds, OURS: [2.0]})] == [2.0, 0.5]


def test_peers_come_as_they_are_and_a_forced_kernel_is_set() -> None:
    assert environment(Entry("PyTorch", "auto")) == AS_IT_COMES
    assert environment(Entry("JAX", "1")) == {**dict.fromkeys(THREADS, "1"), **AS_IT_COMES}
    assert environment(Entry("nnfs", "1", kernel="Haswell")) == {VARIABLE: "Haswell"}
    assert environment(Entry("nnfs", "auto")) == {}


def test_a_worker_can_be_without_a_variable_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "says.py"
    script.write_text(
        "import os; print(os.environ.get('SOME'), os.environ.get('OTHER'), flush=True); input()"
    )
    monkeypatch.setenv("SOME", "ours")
    with workers.Worker("says", script, environment={"SOME": None, "OTHER": "its own"}) as worker:
        assert worker.facts == "None its own"


def test_blas_is_asked_which_kernels_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"Haswell": "Haswell", "Zen": "Haswell", "SkylakeX": "SkylakeX"}
    monkeypatch.setattr("kernels.kernel_given", given.get)
    monkeypatch.setattr("kernels.runs_here", lambda _: True)
    assert other_kernels(own="SkylakeX") == ["Haswell"]
    assert other_kernels(own="Haswell") == ["SkylakeX"]
    monkeypatch.setattr("kernels.runs_here", lambda name: name != "SkylakeX")
    assert other_kernels(own="Haswell") == []


def test_blas_gives_the_kernel_that_it_has() -> None:
    assert kernel_given(kernel_name()) == kernel_name()


def record(processor: str, *asked: Claim, note: str = "") -> Record:
    """A record of workload A, with these claims."""
    seconds = {"ours": [0.2, 0.1, 0.3], "theirs": [2.0, 4.0, 3.0]}
    section = Section("A: a toy", "Three rounds.", timing_table(seconds, "ours"), asked, seconds)
    return Record(f"{processor}, 2 cores", processor.lower(), "- a machine", [section], note, chart=True)


def test_a_report_says_what_was_reached_and_what_was_not(tmp_path: Path) -> None:
    asked = [Claim("theirs / ours", 15.0, 20, at_least=True), Claim("ours / theirs", 0.0667, 0.1)]
    write(record("Intel", *asked), tmp_path)
    text = (tmp_path / "RESULTS.md").read_text()
    assert "| theirs | 3 | 2 | 15.00 |" in text
    assert "| theirs / ours | 15 x | at least 20 x | **no** |" in text
    assert "| ours / theirs | 0.0667 x | at most 0.1 x | yes |" in text
    assert "| A | theirs / ours | at least 20 x | **15 x** |" in text
    assert "| A | ours / theirs | at most 0.1 x | 0.0667 x |" in text
    for table in text.split("\n\n"):
        widths = {line.count("|") for line in table.splitlines() if line.startswith("|")}
        assert len(widths) <= 1
    assert "(results/intel.png)" in text
    assert (tmp_path / "results" / "intel.png").read_bytes().startswith(b"\x89PNG")


def test_figures_of_two_processors_stand_beside_each_other(tmp_path: Path) -> None:
    record("Intel", Claim("of both", 1.0, 1.1), Claim("of Intel", 3.0, 4)).save(tmp_path)
    record("AMD", Claim("of both", 1.15, 1.2), note="Found before.").save(tmp_path)
    text = page(all_records(tmp_path))
    assert "| A | of both | at most 1.1 x | 1 x | **1.15 x** |" in text
    assert "| A | of Intel | at most 4 x | 3 x |  |" in text
    assert text.index("## Intel, 2 cores") < text.index("## AMD, 2 cores\n\nFound before.")


def test_a_record_is_replaced_by_the_same_processor_only(tmp_path: Path) -> None:
    for processor, found in (("Intel", 1.0), ("AMD", 2.0), ("Intel", 3.0)):
        record(processor, Claim("asked", found, 9)).save(tmp_path)
    amd, intel = all_records(tmp_path)
    assert (amd.title, intel.title) == ("AMD, 2 cores", "Intel, 2 cores")
    assert [each.sections[0].claims[0].found for each in (amd, intel)] == [2.0, 3.0]


def test_a_section_that_is_measured_alone_leaves_the_others_of_its_processor(tmp_path: Path) -> None:
    before = record("Intel", Claim("asked", 1.0, 9))
    replace(before, sections=[*before.sections, Section("B: a toy", "Before.", "")]).save(tmp_path)
    now = record("Intel", Claim("asked", 3.0, 9)).with_others_of(tmp_path)
    assert [section.title for section in now.sections] == ["A: a toy", "B: a toy"]
    assert now.sections[0].claims[0].found == 3.0
    now.save(tmp_path)
    (kept,) = all_records(tmp_path)
    assert kept.sections[0].seconds == {"ours": [0.2, 0.1, 0.3], "theirs": [2.0, 4.0, 3.0]}  # for the chart
    assert record("AMD").with_others_of(tmp_path).sections == record("AMD").sections


def test_the_busy_neighbor_computes_except_while_it_is_paused() -> None:
    def seconds() -> float:
        return sum(Process(neighbor.pid).cpu_times()[:2])

    with Neighbor.at_work() as neighbor:
        with neighbor.paused():
            before = seconds()
            sleep(0.1)
            assert seconds() == before
        for _ in range(100):
            sleep(0.05)
            if seconds() > before:
                return
        pytest.fail("it did not go on")


def take_turns(
    monkeypatch: pytest.MonkeyPatch, readings: list[float], rounds: list[float], at_most: float = 60.0
) -> workers.Timings:
    """Rounds of one worker, with these readings of the yardstick."""
    said, taken = iter(readings), iter(rounds)

    class Stub(workers.Worker):
        def __init__(self) -> None:
            self.name, self.every = "stub", 1

        def round(self) -> float:
            return next(taken)

    def read(yardstick: Yardstick) -> float:
        reading = next(said)
        yardstick.best = min(yardstick.best, reading)
        return reading

    monkeypatch.setattr(Yardstick, "read", read)
    monkeypatch.setattr(workers, "SETTLING_SECONDS", 0.0)
    return workers.take_turns([Stub()], 2, at_most)


def test_rounds_count_by_how_calm_it_was_and_not_by_what_they_took(monkeypatch: pytest.MonkeyPatch) -> None:
    timings = take_turns(monkeypatch, [1.0, 1.0, 1.0, 1.0, 3.0, 1.0, 1.1], [0.5, 0.1, 0.7])
    assert timings.seconds == {"stub": [0.5, 0.7]}
    assert timings.calm == 1.0
    assert timings.rounds == 3


def test_when_the_time_is_up_the_calmest_rounds_count(monkeypatch: pytest.MonkeyPatch) -> None:
    timings = take_turns(monkeypatch, [1.0, 1.0, 4.0, 1.0, 3.0], [0.5, 0.6], at_most=0.0)
    assert timings.seconds == {"stub": [0.6, 0.5]}
    assert timings.calm == 0.0


def test_the_yardstick_is_read_on_every_core_and_leaves_the_process_where_it_was() -> None:
    yardstick = Yardstick()
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    readings = [yardstick.read() for _ in range(3)]
    assert 0.0 < yardstick.best <= min(readings)
    assert before is None or os.sched_getaffinity(0) == before
