"""How time and memory grow with rows, with files larger than the memory they may use, with small steps, with
long trainings and with many runs.

    python benchmarks/growth.py [--repeats 5] [--folder FOLDER] [--no-large]

The large files take up to 10 GB of FOLDER while they are in use, one after the other.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from growing.large import large_part, measure_large, work_large
from growing.long import long_part
from growing.rows import measure_rows, rows_part, work_rows
from growing.small import SMALL, measure_small, small_part, work_blas, work_steps
from machine import describe
from report import Section


def section(repeats: int, folder: Path | None = None, *, large: bool = True) -> Section:
    """Measure, and make the report's section."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        rows_folder, small_folder, large_folder = (Path(place, name) for name in ("rows", "small", "large"))
        long_folder = Path(place, "long")
        for each in (rows_folder, small_folder, large_folder, long_folder):
            each.mkdir()
        parts = [rows_part(measure_rows(rows_folder, repeats))]
        parts.append(small_part(measure_small(small_folder, repeats)))
        if large:
            parts.append(large_part(measure_large(large_folder)))
            parts.append(long_part(long_folder))
    return Section(
        title="Growth",
        about="How time and memory grow with rows, and what a step costs beyond its arithmetic.",
        table="\n\n".join(text for text, _ in parts),
        claims=[claim for _, claims in parts for claim in claims],
    )


def main() -> None:
    """Measure and print; or run as a worker."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--no-large", dest="large", action="store_false")
    parser.add_argument("--work", choices=["rows", "large", "steps", "blas"], help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--net", choices=list(SMALL), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    match arguments.work:
        case "rows":
            work_rows(arguments.folder, arguments.rows)
        case "large":
            work_large(arguments.folder)
        case "steps":
            work_steps(arguments.net, arguments.folder)
        case "blas":
            work_blas(arguments.net)
        case None:
            print(describe())
            print(section(arguments.repeats, arguments.folder, large=arguments.large).markdown())


if __name__ == "__main__":
    main()
