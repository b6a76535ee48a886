"""The layouts that were frozen before there was a matcher, and what it makes of them."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

import pytest
from mapping_layout import FOLDER, NAMES, Layout, asked_for, draft_of, figure, required_and_not_found, values

from adapters.mapping import load_mapping
from canonical.payload import Payload
from service.drafting import draft_text
from specs.catalog import Catalog

ROOT = Path(__file__).parents[3]
RIGHT = 0.9
#: Of what the truth maps, so much is found at least: a draft of three sure lines would be right, and useless.
FOUND = 0.9


@cache
def layout(name: str) -> Layout:
    return Layout.named(name)


def test_the_layouts_are_as_they_were_frozen():
    """No layout and no truth was changed since they were written, before the matcher was."""
    sums = dict(reversed(line.split("  ")) for line in (FOLDER / "SHA256SUMS").read_text().splitlines())
    there = {str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*.*") if file.is_file()}

    assert len(NAMES) == 5
    assert sums.keys() == there
    for name, digest in sums.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize("name", NAMES)
def test_nine_of_ten_items_that_it_maps_are_right(name):
    """Of the lines drafted at least 90 % name the places that the truth names, and of the truth 90 % are found."""
    lines = layout(name).draft.lines
    right = [line.item for line in lines if layout(name).is_right(line)]
    true = layout(name).truth.items
    figure(
        f"{name}: mapped {len(lines)}, right {len(right)}, of {len(true)} in the truth found {len(right) / len(true):.1%}"
    )

    assert len(right) >= RIGHT * len(lines), sorted({line.item for line in lines} - set(right))
    assert len(right) >= FOUND * len(true), sorted(true.keys() - set(right))


@pytest.mark.parametrize("name", NAMES)
def test_every_required_item_that_was_not_found_is_asked_for(name):
    """No required item of an instrument of the sample is silently left out, and those are asked before anything else."""
    draft = layout(name).draft
    missing, asked = required_and_not_found(draft), asked_for(draft)
    kinds = [question.kind for question in draft.questions]
    figure(f"{name}: required and not found {len(missing)}, asked for {len(missing & asked)}, questions {len(kinds)}")

    assert missing, "each of the layouts leaves something out"
    assert missing <= asked
    assert kinds == sorted(kinds)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_drafted_reads_as_the_truth_does(name, tmp_path):
    """The draft loads as it stands, and an item that it maps rightly is never read as something else unasked."""
    drafted = layout(name).read(layout(name).drafted_mapping(tmp_path))
    true = layout(name).read(layout(name).truth)
    right = {line.item for line in layout(name).draft.lines if layout(name).is_right(line)}
    asked = {item for question in layout(name).draft.questions for item in question.items}
    pairs = [
        (item, ours.text(item), theirs.text(item))
        for ours, theirs in zip(drafted.assessments, true.assessments, strict=True)
        for item in right
    ]
    otherwise = {item for item, ours, theirs in pairs if ours != theirs and ours is not None}
    unread = {item for item, ours, theirs in pairs if ours != theirs and ours is None}
    figure(
        f"{name}: right {len(right)}, read as the truth {len(right - otherwise - unread)}, otherwise {otherwise}, words asked for {len(unread)}"
    )

    assert len(otherwise) <= (1 - RIGHT) * len(right)
    assert otherwise | unread <= asked


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("write", [draft_text.mapping, draft_text.told, draft_text.as_json])
def test_no_value_of_a_child_is_shown(name, write):
    """Neither the draft nor a report holds a name, a number, a day or a remark of the sample."""
    text = write(layout(name).draft)

    shown = {value for value in values(layout(name)) if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)}

    assert shown == set()


@pytest.mark.parametrize("name", NAMES)
def test_the_same_sample_gives_the_same_draft(name):
    """Nothing in a draft hangs on the day, the order of a set, or chance."""
    again = draft_of(layout(name).payload, layout(name).spec)

    assert draft_text.as_json(again) == draft_text.as_json(layout(name).draft)


def test_an_export_that_was_there_before_is_drafted_too():
    """The sample export of another vendor, older than the matcher: its own mapping is found again."""
    spec = Catalog().named("2026.1")
    file = ROOT / "samples/good/caredesk-export.csv"
    draft = draft_of(Payload(content=file.read_bytes(), name=file.name), spec)
    truth = load_mapping(ROOT / "samples/mappings/riverbend-caredesk.toml").items
    right = [line for line in draft.lines if line.item in truth and line.places == truth[line.item].columns]
    figure(f"caredesk: mapped {len(draft.lines)}, right {len(right)}, of {len(truth)} in the truth")

    assert len(right) >= RIGHT * len(draft.lines)
    assert len(right) >= FOUND * len(truth)
