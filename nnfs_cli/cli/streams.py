"""The standard streams: what the command line does where one is closed, breaks, or lacks letters."""

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def prepare_streams() -> None:
    """Put the null device in the place of standard streams that are closed, lest a file takes their number.

    Let the others escape letters that their encoding does not have, instead of failing.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  it stays open
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say_at_once(sentence: str) -> None:
    """Say something in a signal's handler, which may have come while the same stream was written to."""
    with suppress(OSError, ValueError, RuntimeError):
        sys.stderr.write(f"nnfs: {sentence}\n")
        sys.stderr.flush()


def outlive_streams() -> None:
    """From now on, what a standard stream cannot take is lost without an error, as after `| head`.

    What a training says is worth less than what it saves.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        raw = getattr(getattr(stream, "buffer", None), "raw", None) or getattr(stream, "buffer", None)
        if isinstance(raw, io.FileIO) and not isinstance(raw, _Lossy):
            setattr(sys, name, _lossy(stream, is_buffered=raw is not stream.buffer))


def _lossy(stream: io.TextIOWrapper, *, is_buffered: bool) -> io.TextIOWrapper:
    """A stream that writes to the same place, as `_Lossy` does. The other one must have written all."""
    stream.flush()
    raw: Any = _Lossy(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw) if is_buffered else raw,
        stream.encoding,
        stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


class _Lossy(io.FileIO):
    """A file that loses bytes rather than raise an error."""

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            written = super().write(data)
        except OSError:
            written = None
        return memoryview(data).nbytes if written is None else written
