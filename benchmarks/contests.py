"""The contestants of each workload, and the claims that its results are tested against."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from report import Claim
from workloads import Workload

LEVEL = 1.05
"""Two medians within this factor are level, since they differ as much from run to run."""

Seconds = Mapping[str, Sequence[float]]

OURS = "nnfs, by the rule"


@dataclass(frozen=True)
class Entry:
    """A contestant in a workload. every: it is timed in every n-th round only."""

    side: str
    threads: str
    variant: str = ""
    every: int = 1

    @property
    def name(self) -> str:
        if self.threads == "auto":
            return OURS
        what = f"{self.side} {self.variant}".strip()
        return f"{what}, {self.threads} thread{'s' if self.threads != '1' else ''}"


def entries(key: str) -> list[Entry]:
    """All contestants of a workload."""
    rule, at_each = [Entry("nnfs", "auto")], [Entry("nnfs", "auto"), *_each("nnfs")]
    bare = _each("bare matmuls")
    jax = [*_each("JAX", "steps"), *_each("JAX", "scan")]
    match key:
        case "A" | "B":
            at_each = [*at_each, Entry("nnfs", "1", "plain")]
            slow = [*_each("scikit-learn", every=2), *_each("plain NumPy", every=2)]
            return [*at_each, *bare, *_each("PyTorch"), *jax, *slow]
        case "C":
            torch = [*_each("PyTorch", "channels_last"), *_each("PyTorch", "contiguous")]
            return [*at_each, *bare, *torch, *_each("plain NumPy", every=3)]
        case "D":
            return [*at_each, *bare, *_each("PyTorch"), *_each("JAX", "scan", every=3)]
        case "E1":
            return [*rule, *(entry for way in ("", "foreach", "fused") for entry in _each("PyTorch", way))]
        case "E2":
            return [*rule, *_each("PyTorch")]
        case "F1":
            ways = ["from float32, at once", "from float32, in batches", "from bytes, in batches"]
            return [*at_each, *(entry for way in ways for entry in _each("PyTorch", way))]
        case "F2":
            ways = [
                f"{start}, {order}, in batches"
                for start in ("from float32", "from bytes")
                for order in ("channels_last", "contiguous")
            ]
            ways += ["from float32, channels_last, at once"]
            return [*at_each, *(entry for way in ways for entry in _each("PyTorch", way))]
    raise ValueError(f"no workload {key}")


def claims(workload: Workload, seconds: Seconds) -> list[Claim]:
    """The claims about a workload, with what its rounds gave."""
    return list(_CLAIMS[workload.key](seconds))


def _each(side: str, variant: str = "", every: int = 1) -> list[Entry]:
    return [Entry(side, threads, variant, every) for threads in ("1", "2")]


def _best(seconds: Seconds, start: str, end: str = "") -> float:
    """The least median of all contestants whose names start and end like this."""
    return min(
        median(values) for name, values in seconds.items() if name.startswith(start) and name.endswith(end)
    )


def _times_ours(seconds: Seconds, peer: str, bound: float) -> Claim:
    """Claim that the best variant of a peer takes at least `bound` times our time."""
    return Claim(
        f"{peer} takes so many times ours", _best(seconds, peer) / _ours(seconds), bound, at_least=True
    )


def _times_theirs(seconds: Seconds, peer: str, bound: float) -> Claim:
    """Claim that we take at most `bound` times the time of a peer's best variant."""
    return Claim(f"ours takes so many times {peer}", _ours(seconds) / _best(seconds, peer), bound)


def _times_limit(seconds: Seconds, threads: str, bound: float) -> Iterator[Claim]:
    """Claim that we take at most `bound` times the time of bare matmuls, at their best."""
    yield _times_theirs(seconds, "bare matmuls", bound)
    ours, limit = (_best(seconds, name, threads) for name in ("nnfs", "bare matmuls"))
    yield Claim(f"the same with {threads} each", ours / limit, bound)


def _rule(seconds: Seconds) -> Claim:
    better = _best(seconds, "nnfs", "thread"), _best(seconds, "nnfs", "threads")
    return Claim("threads by the rule against the better of 1 and 2", _ours(seconds) / min(better), 1.1)


def _ours(seconds: Seconds) -> float:
    return median(seconds[OURS])


def _a(seconds: Seconds) -> Iterator[Claim]:
    yield from _times_limit(seconds, "1 thread", 1.2)
    yield _times_ours(seconds, "PyTorch", 2.3)
    yield _times_ours(seconds, "scikit-learn", 2.5)
    yield _times_ours(seconds, "plain NumPy", 5.5)
    yield _times_theirs(seconds, "JAX scan", 1.1)
    yield _rule(seconds)


def _b(seconds: Seconds) -> Iterator[Claim]:
    yield _times_ours(seconds, "PyTorch", 8)
    yield _times_ours(seconds, "scikit-learn", 5)
    yield _times_ours(seconds, "plain NumPy", 2.5)
    yield _times_theirs(seconds, "JAX scan", LEVEL)
    yield _rule(seconds)


def _c(seconds: Seconds) -> Iterator[Claim]:
    for threads, words in (("1", "1 thread"), ("2", "2 threads")):
        ours, theirs = _best(seconds, "nnfs", words), _best(seconds, "PyTorch", words)
        what = f"PyTorch with {words} takes so many times ours with {threads}"
        yield Claim(what, theirs / ours, 1, at_least=True)
    yield _times_ours(seconds, "plain NumPy", 4)
    yield _rule(seconds)


def _d(seconds: Seconds) -> Iterator[Claim]:
    yield _times_theirs(seconds, "PyTorch", 1.1)
    yield from _times_limit(seconds, "2 threads", LEVEL)
    yield _rule(seconds)


def _e(seconds: Seconds) -> Iterator[Claim]:
    yield _times_ours(seconds, "PyTorch", 1.5)


def _f(seconds: Seconds) -> Iterator[Claim]:
    yield _times_ours(seconds, "PyTorch from bytes", 1)
    yield _times_ours(seconds, "PyTorch from float32", 1)


_CLAIMS: dict[str, Callable[[Seconds], Iterator[Claim]]] = {
    "A": _a,
    "B": _b,
    "C": _c,
    "D": _d,
    "E1": _e,
    "E2": _e,
    "F1": _f,
    "F2": _f,
}
