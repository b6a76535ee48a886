"""Rosters of certification keys that mean harm."""

from __future__ import annotations

from fuzzing.small import ROOT
from hostile.damage import Files, Kinds, cut, damaged
from hostile.delimited_texts import TOKENS

GOOD = (ROOT / "samples/roster.csv").read_bytes()
_HEAD, _, _ROWS = GOOD.partition(b"\n")


def rows() -> Files:
    yield "none", _HEAD + b"\n"
    yield "twice", GOOD + _ROWS
    yield "many", _HEAD + b"\n" + _ROWS * 2_000
    yield "a long one", _HEAD + b"\n" + b"x" * 5_000_000
    yield "quotes", _HEAD + b"\n" + b'"' * 5_000_000
    yield "breaks", _HEAD + b"\n" * 5_000_000
    for sign in (b"\0", b"\xff", b"\xed\xa0\x80", b"=1+1", b"\xff\xfe"):
        yield f"the byte {sign!r}", GOOD.replace(b"\n", b"\n" + sign, 2)


KINDS: Kinds = {"cut off": lambda: cut(GOOD), "damaged": lambda: damaged(GOOD, TOKENS, 100), "rows": rows}
