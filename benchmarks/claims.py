"""The claims that the results of workloads are tested against."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from statistics import median

from contestants import BRING_THEIR_OWN, OURS, mark
from report import Claim
from workloads import Workload

LEVEL = 1.05
"""Two medians within this factor are level, since they differ as much from run to run."""

Seconds = Mapping[str, Sequence[float]]


def claims(workload: Workload, seconds: Seconds, kernels: Sequence[str] = ()) -> list[Claim]:
    """The claims about a workload, with what its rounds gave."""
    made = list(_CLAIMS[workload.key](under(seconds, "")))
    for kernel in kernels:
        forced = _FORCED_CLAIMS.get(workload.key, _none)(under(seconds, kernel))
        made += [replace(claim, what=f"{kernel} kernels: {claim.what}") for claim in forced]
    return made


def under(seconds: Seconds, kernel: str) -> Seconds:
    """Who computed with a kernel, and who brings its own, by their names without it."""
    if not kernel:
        return {name: values for name, values in seconds.items() if not name.endswith(")")}
    return {
        name.removesuffix(mark(kernel)): values
        for name, values in seconds.items()
        if name.endswith(mark(kernel)) or name.startswith(BRING_THEIR_OWN)
    }


def busy_claims(seconds: Seconds) -> list[Claim]:
    """The claims about a workload beside a busy neighbor."""
    alone, torch = _best(seconds, "nnfs", "1 thread"), _best(seconds, "PyTorch", "by default")
    return [
        Claim("ours by default takes so many times ours with 1 thread", _ours(seconds) / alone, 1.25),
        Claim(
            "PyTorch by default takes so many times ours by default",
            torch / _ours(seconds),
            1,
            at_least=True,
        ),
    ]


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


def _times_theirs(seconds: Seconds, peer: str, bound: float, threads: str = "") -> Claim:
    """Claim that we take at most `bound` times the time of a peer's best variant, or with `threads` each."""
    ours = _best(seconds, "nnfs,", threads) if threads else _ours(seconds)
    each = f", {threads} each" if threads else ""
    return Claim(f"ours takes so many times {peer}{each}", ours / _best(seconds, peer, threads), bound)


def _rule(seconds: Seconds) -> Claim:
    better = _best(seconds, "nnfs,", "1 thread"), _best(seconds, "nnfs,", "2 threads")
    return Claim("threads by the rule against the better of 1 and 2", _ours(seconds) / min(better), 1.1)


def _ours(seconds: Seconds) -> float:
    return median(seconds[OURS])


def _none(_: Seconds) -> Iterator[Claim]:
    yield from ()


def _a(seconds: Seconds) -> Iterator[Claim]:
    yield _times_theirs(seconds, "bare matmuls", 1.12, "1 thread")
    yield _times_ours(seconds, "PyTorch", 2)
    yield _times_theirs(seconds, "JAX scan", LEVEL, "1 thread")
    yield _times_ours(seconds, "scikit-learn", 2.5)
    yield _times_ours(seconds, "plain NumPy", 5.5)
    yield _rule(seconds)


def _a_forced(seconds: Seconds) -> Iterator[Claim]:
    yield _times_theirs(seconds, "bare matmuls", 1.12, "1 thread")
    yield _times_ours(seconds, "PyTorch", 1.6)


def _b(seconds: Seconds) -> Iterator[Claim]:
    yield from _b_forced(seconds)
    yield _times_ours(seconds, "scikit-learn", 5)
    yield _rule(seconds)


def _b_forced(seconds: Seconds) -> Iterator[Claim]:
    yield _times_ours(seconds, "PyTorch", 5.5)
    yield _times_ours(seconds, "plain NumPy", 2.4)
    yield _times_theirs(seconds, "JAX steps", LEVEL)


def _c(seconds: Seconds) -> Iterator[Claim]:
    yield from _c_forced(seconds)
    yield _times_ours(seconds, "plain NumPy", 4)
    yield _rule(seconds)


def _c_forced(seconds: Seconds) -> Iterator[Claim]:
    for threads, words in (("1", "1 thread"), ("2", "2 threads")):
        ours, theirs = _best(seconds, "nnfs,", words), _best(seconds, "PyTorch", words)
        what = f"PyTorch with {words} takes so many times ours with {threads}"
        yield Claim(what, theirs / ours, 1.1, at_least=True)


def _d(seconds: Seconds) -> Iterator[Claim]:
    yield from _d_forced(seconds)
    yield _times_theirs(seconds, "PyTorch", 1.1)
    yield _rule(seconds)


def _d_forced(seconds: Seconds) -> Iterator[Claim]:
    yield _times_theirs(seconds, "bare matmuls", 1.1, "2 threads")


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
_FORCED_CLAIMS: dict[str, Callable[[Seconds], Iterator[Claim]]] = {
    "A": _a_forced,
    "B": _b_forced,
    "C": _c_forced,
    "D": _d_forced,
}
