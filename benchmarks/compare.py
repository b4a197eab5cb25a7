"""Time this checkout of nnfs against another checkout, workload by workload.

    python benchmarks/compare.py OTHER_CHECKOUT [--repeats 9] [--only A,B,C,D,E,F] [--threads auto]

Both start from the same weights, and must get the same weights after the same steps. Their rounds are timed
in turn, each by the checkout's own `benchmarks/run.py`. A ratio of 1.03 means that this checkout takes 3 %
longer.
"""

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))
from agreement import Reference
from machine import describe
from report import table
from workers import Timings, Worker, take_turns
from workloads import WORKLOADS, Workload

HERE = Path(__file__).parent.parent


def compare(workload: Workload, other: Path, repeats: int, threads: str) -> Timings:
    """Time rounds of both checkouts."""
    with ExitStack() as stack:
        reference = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "reference.npz"
        Reference.of(workload).save(reference)
        options = ("--worker", "nnfs", "--only", workload.key, "--threads", threads)
        workers = [
            stack.enter_context(
                Worker(name, folder / "benchmarks" / "run.py", *options, "--reference", str(reference))
            )
            for name, folder in (("this", HERE), ("other", other))
        ]
        for worker in workers:
            worker.round()  # to warm up
        return take_turns(workers, repeats)


def main() -> None:
    """Compare, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("other", type=Path, metavar="OTHER_CHECKOUT")
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--only", default="A,B,C,D,E,F", help="workloads, separated by commas")
    parser.add_argument("--threads", default="auto", help="of both: auto or a number")
    arguments = parser.parse_args()
    keys = [
        key for key in WORKLOADS if key in arguments.only.split(",") or key[0] in arguments.only.split(",")
    ]
    rows = []
    for key in keys:
        timings = compare(WORKLOADS[key], arguments.other.resolve(), arguments.repeats, arguments.threads)
        this, that = timings.seconds["this"], timings.seconds["other"]
        rows.append(
            (
                key,
                *(f"{function(side) * 1e3:.1f}" for side in (this, that) for function in (median, min)),
                f"{median(this) / median(that):.3f}",
                f"{min(this) / min(that):.3f}",
                f"{timings.calm:.0%}",
            )
        )
        print(*rows[-1], file=sys.stderr)
    header = ("", "this, ms", "min", "other, ms", "min", "ratio", "of minima", "undisturbed")
    print(describe(), table(header, rows), sep="\n\n")


if __name__ == "__main__":
    main()
