from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical.assessment import Source
from canonical.finding import Edit, Finding, Kind, Severity
from service.edits.applying import applied, diff
from service.edits.proposing import edits_of

ROOT = Path(__file__).parents[3]
PLACE = Source(file="x", line=1, column=1, label="row 1, column DOB")


def edit(start, end, replacement="v", *, certain=True, encoding="utf-8"):
    return Edit(start=start, end=end, replacement=replacement, encoding=encoding, certain=certain)


def finding(one=None):
    return Finding(
        rule="A004",
        severity=Severity.ERROR,
        kind=Kind.READING,
        title="t",
        message="m",
        items=("MEMBER_DOB",),
        sources=(PLACE,),
        edit=one,
    )


def test_an_edit_shows_its_value_nowhere():
    """Neither in its own repr nor in that of its finding; the finding is the same with and without it."""
    told = finding(edit(1, 2, "2015-03-04"))

    assert "2015" not in repr(told) + str(told) + repr(told.edit)
    assert told == finding()
    assert told.fingerprint == finding().fingerprint


def test_edits_are_made_for_the_sender_alone():
    """By the command line and by /v1/validate: no module that stores, sends or shows what was stored asks for any."""
    asking = re.compile(r"service\.edits|with_edits|edits=")
    modules = [file for file in (ROOT / "service").rglob("*.py") if asking.search(file.read_text("utf-8"))]
    outside = {str(file.relative_to(ROOT / "service")) for file in modules if file.parts[-2] != "edits"}

    assert outside == {"api/validate.py", "cli/checker.py", "cli/fix.py", "cli/validate.py"}


def test_edits_that_do_not_agree_are_left_out():
    """One place twice counts once; twice with two texts, or overlapping, not at all; what is only likely never."""
    same, other = edit(9, 12), replace(edit(9, 12), replacement="w")
    found = edits_of(map(finding, (edit(20, 21), edit(1, 3), edit(1, 3), edit(30, 34), edit(33, 36), None)))

    assert [(one.start, one.end) for one in found] == [(1, 3), (20, 21)]
    assert edits_of([finding(same), finding(other)]) == []
    assert edits_of([finding(edit(1, 2, certain=False))]) == []


@given(
    pieces=st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=8), st.text(max_size=4)), max_size=6),
    tail=st.binary(max_size=8),
)
def test_bytes_beside_the_edits_stay(pieces, tail):
    """Whatever the bytes, in whatever encoding they may be."""
    content, wanted, edits = b"", b"", []
    for kept, old, new in pieces:
        edits.append(edit(len(content) + len(kept), len(content) + len(kept) + len(old), new))
        content += kept + old
        wanted += kept + new.encode()

    assert applied(content + tail, edits) == wanted + tail


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_a_diff_shows_the_lines_that_differ(encoding):
    """By number, old and new, whatever the encoding and the ends of lines; also where a cell loses its line break."""
    plain = "utf-16-le" if encoding == "utf-16" else encoding.removesuffix("-sig")
    before, after = ("a\r\nZoë\r\nc".encode(encoding), "a\r\nZoé\r\nc".encode(encoding))

    assert diff("x", before, after, plain) == ["--- x", "+++ x", "@@ -2 +2 @@", "-Zoë", "+Zoé"]
    assert diff("x", b"a\nb\nc", b"a\nbc", "utf-8")[2:] == ["@@ -2,2 +2 @@", "-b", "-c", "+bc"]
