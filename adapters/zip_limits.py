"""What an archive says that it holds, looked at before anything of it is unfolded."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from typing import Final

MAX_MEMBERS: Final = 1_000
#: Bytes that all members may unfold to.
MAX_UNFOLDED: Final = 100_000_000
#: How many times its packed size a member may unfold to; a small one may be packed as tightly as it likes.
MAX_RATIO: Final = 200
_SMALL: Final = 1_000_000
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_LOCKED: Final = 0x1
_LINK: Final = 0xA000
_KIND: Final = 0xF000
#: How archives begin: ZIP, gzip, 7z, RAR, and the container of old Office files.
_ARCHIVES: Final = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\xd0\xcf\x11\xe0")
#: The fixed part of a member's own header, in front of its name.
_HEADER: Final = 30


def flaw(archive: zipfile.ZipFile) -> str:
    """Return why an archive is not unfolded, in a sentence; empty where nothing speaks against it."""
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        return f"The archive has more than {MAX_MEMBERS:,} members."
    if sum(member.file_size for member in members) > MAX_UNFOLDED:
        return f"The archive unfolds to more than {MAX_UNFOLDED // 1_000_000} MB."
    return next(_flaws(archive, members), "")


def _flaws(archive: zipfile.ZipFile, members: Sequence[zipfile.ZipInfo]) -> Iterator[str]:
    if len({member.filename for member in members}) != len(members):
        yield "Two members of the archive have the same name."
    end = 0
    for member in sorted(members, key=lambda one: one.header_offset):
        if member.header_offset < end:
            yield "Members of the archive lie over one another."
        end = member.header_offset + _HEADER + len(member.filename) + member.compress_size
        yield from _of_member(member)
    for member in members:
        with archive.open(member) as content:
            if content.read(4).startswith(_ARCHIVES):
                yield "The archive holds another archive."


def _of_member(member: zipfile.ZipInfo) -> Iterator[str]:
    name = member.filename
    if name.startswith("/") or "\\" in name or ".." in name.split("/") or ":" in name:
        yield "A member of the archive has a name that leads out of it."
    if member.flag_bits & _LOCKED:
        yield "The archive is locked with a password."
    if member.compress_type not in _METHODS:
        yield "A member of the archive is packed in a way that is not read."
    if (member.external_attr >> 16) & _KIND == _LINK:
        yield "A member of the archive is a link."
    if member.file_size > _SMALL and member.file_size > MAX_RATIO * member.compress_size:
        yield f"A member of the archive unfolds to more than {MAX_RATIO} times its packed size."
