"""The pictures that a study draws at its end."""

from nnfs_cli.core.errors import DamageError
from nnfs_cli.core.spelling import typed
from nnfs_cli.jobs.troubles import DISK_ERRORS, said
from nnfs_cli.plots.study import ESSENTIAL, draw_study
from nnfs_cli.studies.directory import StudyDirectory
from nnfs_cli.studies.record import StudyRecord


def draw_at_end(study: StudyDirectory) -> str:
    """Draw the essential pictures of a study that is done; return what went wrong, else an empty text."""
    try:
        draw_study(StudyRecord(study), ESSENTIAL)
    except DISK_ERRORS as error:
        return f"{said(error)}; pictures are missing"
    except DamageError as error:
        return f"{error}; pictures are missing"
    except KeyboardInterrupt:
        return f"interrupted; pictures are missing: `{typed('plot', study.path)}` draws them"
    return ""
