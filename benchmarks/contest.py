"""A contest: a workload's contestants, each in its own process, and their rounds in turn."""

import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agreement import TOLERANCE, Reference
from claims import claims
from contestants import BRING_THEIR_OWN, OURS, Entry, entries
from kernels import AS_IT_COMES
from report import Section, timing_table
from sides import make
from sides.base import Inference, Trainer
from workers import Timings, Worker, serve, take_turns
from workloads import Workload

from nnfs_cli.core.blas_kernel import VARIABLE

SCRIPT = Path(__file__).with_name("run.py")
STARTING_AT_ONCE = 2
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def contest(workload: Workload, repeats: int, *, kernels: Sequence[str], at_most: float) -> Section:
    """Run a workload, and make its section of the report."""
    with hired(workload, entries(workload.key, kernels)) as workers:
        timings = take_turns(workers, repeats, at_most)
    return Section(
        f"{workload.key}: {workload.title}",
        _about(workload, workers, timings),
        timing_table(timings.seconds, OURS),
        claims(workload, timings.seconds, kernels),
        timings.seconds,
    )


@contextmanager
def hired(workload: Workload, contestants: Sequence[Entry]) -> Iterator[list[Worker]]:
    """Workers for all contestants, checked and warmed up. They end with the `with` block."""
    with ExitStack() as stack:
        reference = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "reference.npz"
        Reference.of(workload).save(reference)

        def hire(entry: Entry) -> Worker:
            return _start_worker(workload, entry, reference)

        with ThreadPoolExecutor(STARTING_AT_ONCE) as pool:
            workers = [stack.enter_context(worker) for worker in pool.map(hire, contestants)]
        print(f"{workload.key}: all agree; timing {len(workers)} contestants", file=sys.stderr)
        for worker in workers:
            worker.round()  # to warm up
        yield workers


def _start_worker(workload: Workload, entry: Entry, reference: Path) -> Worker:
    """Start a contestant's worker, which checks its result."""
    return Worker(
        entry.name,
        SCRIPT,
        *("--worker", entry.side, "--only", workload.key, "--threads", entry.threads),
        *("--variant", entry.variant, "--reference", str(reference)),
        every=entry.every,
        environment=environment(entry),
    )


def environment(entry: Entry) -> Mapping[str, str | None]:
    """The environment variables that give a contestant its threads and its kernel."""
    sets_its_own = entry.side == "nnfs" or entry.threads == "auto"
    threads = {} if sets_its_own else dict.fromkeys(THREADS, entry.threads)
    if entry.side in BRING_THEIR_OWN:
        return {**threads, **AS_IT_COMES}
    return {**threads, VARIABLE: entry.kernel} if entry.kernel else threads


def _about(workload: Workload, workers: Sequence[Worker], timings: Timings) -> str:
    """How the workload was measured, in sentences."""
    facts = next(worker.facts for worker in workers if worker.name == OURS)
    sentences = [f"{calmest(timings)}; the rule gives ours {facts}."]
    slow = [worker.name.partition(",")[0] for worker in workers if worker.every > 1]
    if slow:
        sentences.append(f"Of {' and '.join(dict.fromkeys(slow))} it is fewer.")
    if any(worker.name.endswith(")") for worker in workers):
        sentences.append("A kernel in parentheses was forced; without one, it is the command's own choice.")
    if workload.inference:
        sentences.append(
            "Ours begins with bytes, as images are stored; PyTorch with these, or with float32 tensors that "
            "are scaled already. All end in probabilities."
        )
    if any(layer["type"] == "dropout" for layer in workload.layers):
        sentences.append("That all come to the same weights was checked with a dropout rate of 0.")
    return " ".join(sentences)


def calmest(timings: Timings) -> str:
    """Which rounds count, in words."""
    kept, calm = len(timings.seconds[OURS]), f"{timings.calm:.0%}"
    return f"The calmest {kept} rounds of each, {calm} of them undisturbed, of {timings.rounds} rounds in all"


def work(workload: Workload, entry: Entry, reference: Path) -> None:
    """Run as a worker: check that the result equals ours, then run rounds on request."""
    same = Reference.load(reference)
    gap = same.gap(make(entry.side, workload.without_dropout(), entry.threads, entry.variant))
    if not gap <= TOLERANCE:  # also if the gap is not a number
        raise SystemExit(f"{entry.name} does not compute the same as ours: they differ by {gap:.1e}")
    contestant = make(entry.side, workload, entry.threads, entry.variant)
    if isinstance(contestant, Trainer | Inference):
        contestant.start(same.weights)
    serve(contestant.facts, contestant.round, parts=workload.parts / workload.reported, warm_up=False)
