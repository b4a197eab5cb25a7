"""What each processor's benchmark found, in a file for each. Only the same processor replaces it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from report import Claim, Section

RECORDS = "results"
"""The folder of records and charts, beside RESULTS.md."""


@dataclass(frozen=True)
class Record:
    """What was measured on one processor.

    title: the processor, its number of cores, and its kernels.   slug: what tells it from all others.
    about: what the results depend on, as Markdown.
    note: how the record differs from one that this version writes; empty if it does not.
    chart: whether there is a picture of it, with the slug as its name.
    """

    title: str
    slug: str
    about: str
    sections: Sequence[Section]
    note: str = ""
    chart: bool = False

    def save(self, folder: Path) -> None:
        """Write it, in place of an earlier one of this processor."""
        (folder / RECORDS).mkdir(parents=True, exist_ok=True)
        text = json.dumps(
            {**asdict(self), "sections": [_kept(section) for section in self.sections]}, indent=1
        )
        (folder / RECORDS / f"{self.slug}.json").write_text(text + "\n", encoding="utf-8")

    def with_others_of(self, folder: Path) -> "Record":
        """Its sections, and those of this processor's record in a folder that were not measured again."""
        path, now = folder / RECORDS / f"{self.slug}.json", {each.name: each for each in self.sections}
        former = _read(path).sections if path.exists() else ()
        return replace(self, sections=[*(now.pop(each.name, each) for each in former), *now.values()])


def all_records(folder: Path) -> list[Record]:
    """All processors' records in a folder: first those that this version wrote, each kind sorted by title."""
    records = [_read(path) for path in (folder / RECORDS).glob("*.json")]
    return sorted(records, key=lambda record: (bool(record.note), record.title, record.slug))


def _kept(section: Section) -> dict[str, object]:
    """A section, its rounds with as many digits as a chart shows."""
    rounds = {
        name: [float(f"{each:.4g}") for each in values] for name, values in (section.seconds or {}).items()
    }
    return {**asdict(section), "seconds": rounds or None}


def _read(path: Path) -> Record:
    facts = json.loads(path.read_text(encoding="utf-8"))
    sections = [
        Section(**{**section, "claims": [Claim(**claim) for claim in section["claims"]]})
        for section in facts["sections"]
    ]
    return Record(**{**facts, "sections": sections})
