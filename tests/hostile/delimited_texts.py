"""Delimited text that means harm, in each of the dialects of ``fuzzing/small.py``."""

from __future__ import annotations

from functools import partial

from forty.assessments import forty
from forty.tables import wide
from fuzzing.small import GOOD as SMALL
from fuzzing.small import ROOT
from hostile.damage import Files, Kinds, cut, damaged

#: By the name of its mapping: a good file.
DIALECTS = {
    **{name: SMALL[name] for name in ("delimited", "single", "backslash", "none", "long", "positional")},
    "cbhi": (ROOT / "samples/cbhi/20261012-20261018.txt").read_bytes(),
}
TOKENS = (
    *(
        b",",
        b";",
        b"|",
        b"\t",
        b'"',
        b"'",
        b"\\",
        b"\r",
        b"\n",
        b"\r\n",
        b'"",""',
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
    ),
    *(b"=1+1", b"^", b"\x85", b"\xe2\x80\xa8", b"\x1a", b"1e999", b"NaN"),
)
MB = 1_000_000
_HEAD = b"RID,Last,First,DOB,Sleep,Note\n"
_ROW = b"42,Wren,Zoe,2015-05-21,2,x\n"


def headers() -> Files:
    yield "none", _ROW
    yield "twice", _HEAD.replace(b"Note", b"RID") + _ROW
    yield "a hundred times", _HEAD.strip() + b",RID" * 100 + b"\n" + _ROW
    yield "blank", b",,,,,\n" + _ROW
    yield "alone", _HEAD
    yield "of one column", b"RID\n42\n"
    yield "wide", _HEAD.strip() + b"," * 20_000 + b"\n" + _ROW
    yield "with blanks", b" RID , Last , First , DOB , Sleep , Note \n" + _ROW
    yield "on two lines", b'"RID\n",Last,First,DOB,Sleep,Note\n' + _ROW


def ragged() -> Files:
    for cells in (1, 2, 5, 7, 100, 10_000):
        yield f"a row of {cells}", _HEAD + _ROW + b"1" + b",1" * (cells - 1) + b"\n" + _ROW
    yield "every row", _HEAD + b"1,2\n" * 20_000
    yield "longer and longer", _HEAD + b"".join(b"1," * n + b"\n" for n in range(300))


def quotes() -> Files:
    for number, cell in enumerate(
        (b'"', b'""', b'"""', b'"a"b', b'a"b', b'"a', b'a"', b'"\n', b'"' * 9_999, b"'", b"\\", b'\\"')
    ):
        yield f"a cell {number}", _HEAD + b"42," + cell + b",Zoe,2015-05-21,2,x\n" + _ROW


def formulas() -> Files:
    for number, cell in enumerate(
        (
            b"=cmd|' /C calc'!A0",
            b"+1+1",
            b"-2+3",
            b"@SUM(1)",
            b"\t=1",
            b"\r=1",
            b"=1",
            b'=HYPERLINK(""http://127.0.0.1:9/"")',
        )
    ):
        yield f"a cell {number}", _HEAD + b'"' + cell + b'","' + cell + b'",Zoe,"' + cell + b'","' + cell + b'",x\n'


def numbers() -> Files:
    for number in (
        b"9" * 5_000,
        b"1e999",
        b"NaN",
        b"Infinity",
        b"-1",
        b"2.0000000000001",
        b"0x2",
        b"1_0",
        "\uff12".encode(),
        "\u0662".encode(),
    ):
        yield f"value {number[:9]!r} of {len(number)}", _HEAD + b"%b,Wren,Zoe,%b,%b,x\n" % (number, number, number)
    for day in (b"0000-00-00", b"9999-99-99", b"2026-02-30", b"99999999", b"-1", b"2015-05-21T99:99", b"1" * 300):
        yield f"day {day[:12]!r}", _HEAD + b"42,Wren,Zoe,%b,2,x\n" % day


def encoded() -> Files:
    text = (_HEAD + _ROW).decode()
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "utf-8-sig", "cp037"):
        yield encoding, text.encode(encoding)
    for sign in (
        b"\0",
        b"\xff",
        b"\x81",
        b"\xed\xa0\x80",
        b"\xf4\x90\x80\x80",
        b"\x1b[2J",
        b"\x85",
        b"\xe2\x80\xae",
        b"\xef\xbf\xbe",
    ):
        yield f"the byte {sign!r}", _HEAD + _ROW.replace(b"Wren", b"W" + sign)
        yield f"late the byte {sign!r}", _HEAD + _ROW.replace(b"x", b"x" * 70_000) + _ROW.replace(b"Wren", b"W" + sign)
        yield f"in the header the byte {sign!r}", _HEAD.replace(b"Last", b"Last" + sign) + _ROW


def large() -> Files:
    for mark in (b",", b'"', b'""', b"\n", b"\r", b"\r\n", b" ", b"a,", b'"a",', b"\\", b"'", b"a"):
        yield f"only {mark!r}", _HEAD + mark * (4 * MB // len(mark))
    yield "a long cell", _HEAD + _ROW.replace(b"Wren", b"W" * (9 * MB))
    yield "a long cell in quotes", _HEAD + _ROW.replace(b"Wren", b'"' + b"W\n" * (2 * MB) + b'"')
    yield "a wide cell", _HEAD + _ROW.replace(b"Wren", "\U0001f600".encode() * (2 * MB))
    yield "blank rows", _HEAD + b",,,,,\n" * 200_000
    yield "one key", b"RID,Q,A\n" + b"42,Sleep,2\n" * 20_000
    yield "many keys", b"RID,Q,A\n" + b"".join(b"%d,Sleep,2\n" % n for n in range(5_000)) * 2


def whole(files) -> Files:
    """Yield what is done to a whole assessment, as a sender writes it."""
    for delimiter, encoding in ((",", "utf-8"), ("\t", "utf-16")):
        for label, content in files(wide(forty()[:1], delimiter, encoding)):
            yield f"{encoding} {label}", content


def each(files) -> Files:
    """Yield what is done to a good file of each dialect."""
    for name, good in DIALECTS.items():
        for label, content in files(good):
            yield f"{name}: {label}", content


KINDS: Kinds = {
    "cut off": lambda: each(cut),
    "cut off whole": lambda: whole(cut),
    "damaged": lambda: each(partial(damaged, tokens=TOKENS, count=40)),
    "headers": headers,
    "ragged": ragged,
    "quotes": quotes,
    "formulas": formulas,
    "huge numbers": numbers,
    "encodings": encoded,
    "too much": large,
}
