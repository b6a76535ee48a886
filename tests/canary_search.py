"""Looks for canaries in bytes, however somebody wrote them down: cased, encoded, compressed, or one inside the other."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import re2
from canary_tokens import DAYS, DIGITS, FIRST_DAY, HANDLE, MARK

#: Bytes of one inflated stream that are looked at.
_INFLATED_AT_MOST = 64 * 1024 * 1024
_TASTE = 512
#: How many times one encoding may be inside another.
_DEEP = 3
#: So many hexadecimal digits beside a number: it is in the middle of a dump of bytes.
_BESIDE = 32
_DUMP = re.compile(rb"[0-9a-f]{%d}" % _BESIDE)
_STREAM = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08|PK\x03\x04")
#: A day as the canaries are born on, in two ways of writing, also with the zeros of UTF-16 between the letters.
_DAYS = (
    (re2.compile(rb"[^0-9](201[3-8])-([01][0-9])-([0-3][0-9])[^0-9]"), (0, 1, 2)),
    (re2.compile(rb"[|>\"'=,](201[3-8])([01][0-9])([0-3][0-9])[|<\"',^]"), (0, 1, 2)),
    (re2.compile(rb"[^0-9]([01]?[0-9])/([0-3]?[0-9])/(201[3-8])[^0-9]"), (2, 0, 1)),
    (re2.compile(rb"(2\x000\x001\x00[3-8])\x00-\x00([01]\x00[0-9])\x00-\x00([0-3]\x00[0-9])"), (0, 1, 2)),
)


@dataclass(frozen=True, slots=True)
class Leak:
    """A canary where none may be."""

    place: str
    form: str

    def __str__(self) -> str:
        """Name the place and the form, never the canary."""
        return f"{self.place}: {self.form}"


def _base64(raw: bytes) -> Iterator[bytes]:
    """Yield what stays of a text in base64, whatever stands before and after it."""
    for offset in range(3):
        whole = base64.b64encode(b"\0" * offset + raw).rstrip(b"=")
        first, last = (0, 2, 3)[offset], len(whole) - (1 if (len(raw) + offset) % 3 else 0)
        yield whole[first:last]


def _base32(raw: bytes) -> Iterator[bytes]:
    for offset in range(5):
        whole = base64.b32encode(b"\0" * offset + raw).rstrip(b"=")
        yield whole[-(-offset * 8 // 5) : len(whole) - (1 if (len(raw) + offset) % 5 else 0)]


def _lowered(mark: str) -> Iterator[tuple[str, bytes]]:
    """Yield the forms in which upper and lower case mean the same, in lower case."""
    for text in {mark, mark.lower(), mark.upper()}:
        raw = text.encode()
        each = [f"{byte:02x}" for byte in raw]
        yield "in clear", raw
        yield "UTF-16", text.encode("utf-16-le")
        yield "UTF-16, the other way", text.encode("utf-16-be")
        yield "UTF-32", text.encode("utf-32-le")
        yield "hexadecimal", raw.hex().encode()
        yield "hexadecimal with colons", ":".join(each).encode()
        yield "hexadecimal with blanks", " ".join(each).encode()
        yield "URL", "".join(f"%{one}" for one in each).encode()
        yield "quoted-printable", "".join(f"={one}" for one in each).encode()
        yield "Python", "".join(f"\\x{one}" for one in each).encode()
        yield "JSON", "".join(f"\\u00{one}" for one in each).encode()
        yield "HL7", "".join(f"\\x{one}\\" for one in each).encode()
        yield "octal", "".join(f"\\{byte:03o}" for byte in raw).encode()
        yield "XML", "".join(f"&#{byte};" for byte in raw).encode()
        yield "XML, hexadecimal", "".join(f"&#x{one};" for one in each).encode()
        yield "decimal numbers", ", ".join(str(byte) for byte in raw).encode()
        yield "backwards", raw[::-1]
        yield "base32", next(_base32(raw))
        yield from (("base32", form) for form in _base32(raw))


def _as_they_are(mark: str) -> Iterator[tuple[str, bytes]]:
    for text in {mark, mark.lower(), mark.upper()}:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            yield from (("base64", form) for form in _base64(text.encode(encoding)))
        yield from (("base64 of base64", form) for once in _base64(text.encode()) for form in _base64(once))
        yield from (("hexadecimal in base64", form) for form in _base64(text.encode().hex().encode()))
        yield from (
            ("base64 in hexadecimal", form) for once in _base64(text.encode()) for form in (once.hex().encode(),)
        )


def _table(forms: Iterator[tuple[str, bytes]], *, lower: bool) -> dict[bytes, str]:
    return {(form.lower() if lower else form): name for name, form in forms}


def _any(forms: Iterable[bytes]) -> Any:
    """Return a pattern of bytes that matches each of these texts, in time that does not grow with their number."""
    options = re2.Options()
    options.encoding, options.max_mem = re2.Options.Encoding.LATIN1, 256 << 20
    return re2.compile(b"|".join(map(re2.escape, forms)), options)


class Searcher:
    """Knows every form of the marks that it is to look for."""

    def __init__(self, *, handles: bool = True) -> None:
        """Look for the values of records, and unless told otherwise for the names of documents too."""
        marks = [MARK, DIGITS, *([HANDLE] if handles else [])]
        self._lowered = {form: name for mark in marks for form, name in _table(_lowered(mark), lower=True).items()}
        self._exact = {form: name for mark in marks for form, name in _table(_as_they_are(mark), lower=False).items()}
        #: One pass over the content for all of them; only where it finds something, it is asked which.
        self._any_lowered, self._any_exact = _any(self._lowered), _any(self._exact)
        self.places = 0
        self.bytes = 0

    def look(self, place: str, content: bytes) -> list[Leak]:
        """Return what is found in these bytes; each form once."""
        self.places += 1
        self.bytes += len(content)
        return [Leak(place, form) for form in sorted(set(self._found(content, _DEEP)))]

    def look_at_file(self, file: Path, place: str) -> list[Leak]:
        """Look at a file's name and at all of it."""
        try:
            content = file.read_bytes()
        except FileNotFoundError:  # gone meanwhile: whoever looks on saw it before
            content = b""
        return [*self.look(f"name of {place}", file.name.encode()), *self.look(place, content)]

    def look_everywhere(self, folder: Path, *, but: Sequence[str] = ()) -> list[Leak]:
        """Look at every file below a folder, by name and content."""
        found = []
        for file in sorted(folder.rglob("*")):
            place = file.relative_to(folder).as_posix()
            if any(place == one or place.startswith(f"{one}/") for one in but):
                continue
            found += self.look_at_file(file, place) if file.is_file() else self.look(f"name of {place}", place.encode())
        return found

    def _found(self, content: bytes, deep: int) -> Iterator[str]:
        if not content:
            return
        lower = content.lower()
        if self._any_lowered.search(lower) is not None:
            yield from (name for form, name in self._lowered.items() if _stands(form, name, lower))
        if self._any_exact.search(content) is not None:
            yield from (name for form, name in self._exact.items() if form in content)
        yield from _dates(content)
        if deep:
            for inflated in _inflated(content):
                yield from (f"{name}, compressed" for name in self._found(inflated, deep - 1))


def _stands(form: bytes, name: str, content: bytes) -> bool:
    """Return whether a form is in the content; eight digits are by chance in a hundred megabytes of hexadecimal."""
    if name not in ("in clear", "backwards") or not form.isdigit():
        return form in content
    return any(
        _DUMP.fullmatch(content[max(found.start() - _BESIDE, 0) : found.start()]) is None
        and _DUMP.fullmatch(content[found.end() : found.end() + _BESIDE]) is None
        for found in re.finditer(form, content)
    )


def _dates(content: bytes) -> Iterator[str]:
    for pattern, order in _DAYS:
        for match in pattern.finditer(b" " + content + b" "):
            year, month, day = (int(match.group(place + 1).replace(b"\0", b"")) for place in order)
            if FIRST_DAY.year <= year < FIRST_DAY.year + DAYS // 365 and 1 <= month <= 12 and 1 <= day <= 31:
                yield "a birth date"
                break


def _inflated(content: bytes) -> Iterator[bytes]:
    """Yield what every compressed stream in the content holds: zlib, gzip, or a member of a zip file."""
    whole = memoryview(content)
    for match in _STREAM.finditer(content):
        at, bits = match.start(), zlib.MAX_WBITS | 32
        if match.group() == b"PK\x03\x04":
            head = content[at : at + 30]
            if len(head) < 30:
                continue
            at += 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
            bits = -zlib.MAX_WBITS
        try:
            zlib.decompressobj(bits).decompress(
                whole[at : at + _TASTE], _TASTE
            )  # most that looks like a stream is none
            inflated = zlib.decompressobj(bits).decompress(whole[at:], _INFLATED_AT_MOST)
        except zlib.error:
            continue
        if len(inflated) >= len(MARK):
            yield inflated
