"""Repairs a CSV file whose checkpoint does not tell how much of it belongs: it is of an earlier version, or
the file is damaged and the user resumes the run anyway.
"""

from contextlib import suppress

from nnfs_cli.runs.directory import RunDirectory


def keep_rows(run: RunDirectory, name: str, last: int) -> None:
    """Keep the rows of epochs.csv or steps.csv that are whole, in order, and numbered up to `last`."""
    file = run.path / name
    if not file.is_file():
        return
    content = file.read_bytes()
    header, *rows = content.splitlines(keepends=True) or [b""]
    kept, newest = [header], 0
    for row in rows:
        number = _number(row, header)
        if newest < number <= last:
            newest = number
            kept.append(row)
    is_whole = header.endswith(b"\n") and b"step" in header.rstrip().split(b",")
    repaired = b"".join(kept) if is_whole else b""
    if repaired != content:
        run.write(name, repaired)


def _number(row: bytes, header: bytes) -> int:
    """The number in a row's first column; 0 if the row is not whole."""
    cells = row.split(b",")
    if row.endswith(b"\n") and len(cells) == len(header.split(b",")):
        with suppress(ValueError):
            for cell in cells:
                float(cell)
            return int(cells[0])
    return 0
