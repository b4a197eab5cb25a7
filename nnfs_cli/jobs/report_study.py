"""A study's report: its tables and pictures gathered, and written as one HTML file."""

import os
from pathlib import Path
from urllib.parse import quote

from nnfs_cli.jobs.report import report_file, write_page
from nnfs_cli.plots.study import study_pngs
from nnfs_cli.report.study import StudyPage, render_study
from nnfs_cli.runs.fitting import fitting
from nnfs_cli.studies.directory import StudyDirectory
from nnfs_cli.studies.record import StudyRecord


def write_study_report(study: StudyDirectory, output: Path | None = None) -> tuple[Path, tuple[str, ...]]:
    """Write the study's report to `output`, by default to report.html in its folder.

    Returns the file, and sentences on what the report lacks. NnfsError if the file cannot be written, or if
    the study's files cannot be read.
    """
    file = report_file(study.path, output)
    record = StudyRecord(study)
    light, lacking = study_pngs(record, "light")
    dark, _ = study_pngs(record, "dark")
    missing = tuple(f"The picture {name} is left out: {reason}." for name, reason in lacking.items())
    pictures = {name: (light[name], dark[name]) for name in light}
    with fitting(study):
        page = StudyPage(record, str(study.path), pictures, _links(record, file), missing)
        written = render_study(page)
    write_page(written, study.path, output)
    return file, ()


def _links(record: StudyRecord, file: Path) -> dict[str, str]:
    """By run, where its report is, seen from the folder of the file."""
    found = {}
    for row in record.runs:
        run = record.run(row["run"])
        if run is not None and run.has("report.html"):
            there = os.path.relpath(run.path / "report.html", file.parent)
            found[row["run"]] = quote(Path(there).as_posix())
    return found
