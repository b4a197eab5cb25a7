"""Ways in which a file may be damaged, each by a seed."""

import io
import re
import warnings
import zipfile
from collections.abc import Callable
from random import Random
from typing import TypeAlias

Damage: TypeAlias = Callable[[Random, bytes, bytes], bytes]
"""(rng, the file, the same file of another run) -> the damaged file."""


def flip(rng: Random, own: bytes, _: bytes) -> bytes:
    """Some bits are others."""
    content = bytearray(own)
    for _time in range(rng.choice((1, 1, 1, 2, 8))):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(content)


def overwrite(rng: Random, own: bytes, _: bytes) -> bytes:
    """Some bytes are others, or a block is zero."""
    start, size = rng.randrange(len(own)), rng.choice((1, 2, 4, 64, 512))
    block = rng.randbytes(size) if rng.random() < 0.5 else bytes(size)
    return (own[:start] + block + own[start + size :])[: len(own)]


def truncate(rng: Random, own: bytes, _: bytes) -> bytes:
    """The end is missing, or the start."""
    cut = rng.randrange(len(own))
    return own[:cut] if rng.random() < 0.8 else own[cut:]


def splice(rng: Random, own: bytes, other: bytes) -> bytes:
    """A piece of it, or of another run's file, stands at another place."""
    source = rng.choice((own, other))
    start, size = rng.randrange(len(source)), rng.randrange(1, 400)
    piece, at = source[start : start + size], rng.randrange(len(own))
    return own[:at] + piece + own[at + rng.choice((0, len(piece))) :]


def join(rng: Random, own: bytes, other: bytes) -> bytes:
    """The start of it, and the end of another run's file."""
    share = rng.random()
    return own[: int(share * len(own))] + other[int(share * len(other)) :]


def lengthen(rng: Random, own: bytes, other: bytes) -> bytes:
    """There is more at its end, or at its start."""
    more = rng.choice((rng.randbytes(rng.randrange(1, 300)), bytes(rng.randrange(1, 5000)), own, other))
    return own + more if rng.random() < 0.8 else more + own


def swap(_: Random, __: bytes, other: bytes) -> bytes:
    """It is another run's file."""
    return other


def change_digit(rng: Random, own: bytes, _: bytes) -> bytes:
    """A digit of a text is another one."""
    found = [match.start() for match in re.finditer(rb"[0-9]", own)] or [0]
    at = rng.choice(found)
    return own[:at] + str(rng.randrange(10)).encode() + own[at + 1 :]


def shuffle_lines(rng: Random, own: bytes, _: bytes) -> bytes:
    """A line of a text is missing, doubled, or at another place."""
    lines = own.splitlines(keepends=True)
    line = lines.pop(rng.randrange(len(lines)))
    for _time in range(rng.choice((0, 1, 2))):
        lines.insert(rng.randrange(len(lines) + 1), line)
    return b"".join(lines)


def repack(rng: Random, own: bytes, other: bytes) -> bytes:
    """The members of an archive: one is missing, doubled, renamed, exchanged, or another archive's."""
    with zipfile.ZipFile(io.BytesIO(own)) as archive:
        members, comment = [(name, archive.read(name)) for name in archive.namelist()], archive.comment
    with zipfile.ZipFile(io.BytesIO(other)) as archive:
        others = {name: archive.read(name) for name in archive.namelist()}
    i, j = rng.randrange(len(members)), rng.randrange(len(members))
    (name, content), kind = members[i], rng.randrange(6)
    if kind == 0:
        del members[i]
    elif kind == 1:
        members.append((name, members[j][1]))
    elif kind == 2:
        members[i] = (f"{name[:-4]}_.npy", content)
    elif kind == 3:
        members[i], members[j] = (name, members[j][1]), (members[j][0], content)
    elif kind == 4:
        members[i] = (name, others.get(name, content))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a doubled name
            for member, inside in members:
                archive.writestr(zipfile.ZipInfo(member), inside)
        archive.comment = comment if rng.random() < 0.8 else b""
    return buffer.getvalue()


ANY: tuple[Damage, ...] = (flip, overwrite, truncate, splice, join, lengthen, swap)
OF_TEXTS: tuple[Damage, ...] = (*ANY, change_digit, change_digit, shuffle_lines)
OF_ARCHIVES: tuple[Damage, ...] = (*ANY, repack, repack)
