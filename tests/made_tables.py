"""CSV files made at random, with what each holds or the line that is wrong in it."""

import gzip
import re
from dataclasses import dataclass
from random import Random

from nnfs_cli.sources.dialect import Dialect

LETTERS = "ab7é漢😀 \t,;|\"'\r\n.-#\\\ufeff\u2028\x0b\x1c"
NUMBERS = [
    "0",
    "7",
    "-12",
    "+3",
    "007",
    "255",
    "65536",
    "1.5",
    "-0.25",
    ".5",
    "5.",
    "1e3",
    "2E-4",
    " 8 ",
    "1e400",
]
GAPS = ["", "NA", "nan", "None", "#N/A"]
LINE_ENDS = ["\n", "\r\n", "\r", "\r\r\n"]
ENCODINGS = ["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"]


@dataclass(frozen=True)
class Made:
    """A file: its bytes, and how it is written.

    spellings: each column's values as they stand in the file, without the quotes around them.
    numeric: the columns of numbers.
    wrong: the number of the first malformed line, if there is one.
    """

    content: bytes
    dialect: Dialect
    spellings: dict[str, list[str]]
    numeric: set[str]
    wrong: int | None

    def values(self, name: str) -> list[str | float]:
        """What a column holds: numbers, with not-a-number for gaps, or texts, with "" for gaps."""
        spellings = ["" if text in GAPS else text for text in self.spellings[name]]
        if name not in self.numeric:
            return list(spellings)
        return [float(text.replace(self.dialect.decimal, ".") or "nan") for text in spellings]


@dataclass(frozen=True)
class Writer:
    """Writes records by hand. spaced: blanks after a delimiter belong to no value. tame: without quotes."""

    random: Random
    delimiter: str
    spaced: bool
    tame: bool

    def value(self, text: str, alone: bool) -> str:
        special = any(c in text for c in (self.delimiter, "\r", "\n")) or text.lstrip(" ").startswith('"')
        if special or (self.spaced and text.startswith(" ")) or (alone and not text) or self.sometimes(0.2):
            text = '"' + text.replace('"', '""') + '"'
        return " " * self.random.randint(0, 2) + text if self.spaced and not alone else text

    def record(self, texts: list[str]) -> str:
        return self.delimiter.join(self.value(text, len(texts) == 1) for text in texts)

    def malformed(self, texts: list[str], last: bool) -> str:
        """A record with a mistake; one that ends the file may have a quote that is never closed."""
        tail = [self.record(texts[1:])] if texts[1:] else []
        head = [self.record(texts[:-1])] if texts[1:] else []
        lines = [
            [self.record([*texts, "more"])],
            ["\0" + self.record(texts)],
            ['"x"y', *tail],
            ['"x"z"', *tail],
        ]
        lines += [tail] if tail else []
        lines += [] if self.spaced else [[' "x"', *tail]]
        lines += [[*head, '"x']] if last else []
        return self.delimiter.join(self.random.choice(lines))

    def line_end(self, usual: str) -> str:
        end = usual if self.tame or self.sometimes(0.9) else self.random.choice(LINE_ENDS)
        return end + (self.random.choice(LINE_ENDS) if not self.tame and self.sometimes(0.1) else "")

    def sometimes(self, share: float) -> bool:
        return not self.tame and self.random.random() < share


def make_table(random: Random) -> Made:
    """A table of at most 12 rows and 4 columns, with quotes, blanks, odd line ends, empty lines and more."""
    delimiter = random.choice([",", ",", ",", ";", "\t", "|", " ", "·"])
    decimal = random.choice(".,")
    tame = random.random() < 0.4
    names = [f"c{i}" for i in range(random.randint(1, 4))]
    spaced = delimiter != " " and len(names) > 1 and not tame and random.random() < 0.2
    writer, rows = Writer(random, delimiter, spaced, tame), random.randint(1, 12)
    numeric = {name for name in names if random.random() < 0.5}
    letters = "".join(c for c in LETTERS if not (tame and c in f'{delimiter}"\r\n'))
    spellings = {
        name: _numbers(random, rows, decimal) if name in numeric else _texts(random, rows, letters)
        for name in names
    }
    bad = random.randint(1, rows) if random.random() < 0.3 else None
    lines = [writer.line_end("") if writer.sometimes(0.1) else ""]
    usual = random.choice(LINE_ENDS)
    header = (delimiter + " " * spaced).join(names)
    for number, texts in enumerate([names, *zip(*spellings.values(), strict=True)]):
        record = header if number == 0 else writer.record(list(texts))
        if number == bad:
            before = "".join(lines)
            record = writer.malformed(list(texts), last=number == rows)
        lines += [record, "" if number == rows and random.random() < 0.3 else writer.line_end(usual)]
    wrong = None if bad is None else 1 + len(re.findall("\r\n|\r|\n", before))
    encoding = random.choice(ENCODINGS)
    try:
        content = "".join(lines).encode(encoding)
    except UnicodeEncodeError:
        encoding, content = "utf-8", "".join(lines).encode()
    if random.random() < 0.2:
        content = gzip.compress(content)
    return Made(content, Dialect(delimiter, encoding, decimal), spellings, numeric, wrong)


def _numbers(random: Random, rows: int, decimal: str) -> list[str]:
    texts = [random.choice(NUMBERS if random.random() < 0.8 else GAPS) for _ in range(rows)]
    return [text.replace(".", decimal) for text in texts]


def _texts(random: Random, rows: int, letters: str) -> list[str]:
    """Texts, at least one of which is neither a number nor a gap."""
    texts = [
        random.choice([*GAPS, *NUMBERS])
        if random.random() < 0.2
        else "".join(random.choice(letters) for _ in range(random.randint(0, 6)))
        for _ in range(rows)
    ]
    texts[random.randrange(rows)] = "a text"
    return texts
