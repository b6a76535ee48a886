"""FHIR with foreign questions and C-CDA: two layouts that were frozen before the drafts knew either."""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path

import pytest
from fhir_forms import as_xml
from mapping_layout import Layout, asked_for, draft_of, figure, required_and_not_found, values

from adapters.mapping import load_mapping
from canonical.assessment import Answer
from canonical.errors import ConfigurationError
from canonical.payload import Payload
from service.drafting import draft_text

TESTS = Path(__file__).parents[2]
FOLDER = TESTS / "mapping_layouts_deep"
NAMES = ("ccda-scales", "fhir-foreign")
#: Of the items mapped so many are right, and of the truth so many are found.
RIGHT = FOUND = 0.9


@cache
def layout(name: str) -> Layout:
    return Layout.named(name, FOLDER)


@cache
def true(name: str) -> set[str]:
    """Return the items that the truth names and the sample answers."""
    truth = layout(name).truth
    return {code for one in layout(name).read(truth).assessments for code in one.answers if code in truth.items}


def right(name: str) -> set[str]:
    """Return the items whose line names what the truth names, or reads the same places."""
    lines = {line.item: line.places for line in layout(name).draft.lines}
    truth = layout(name).truth.items
    steps = {code: [_shape(path) for path in truth[code].columns] for code in truth}
    return {code for code, places in lines.items() if code in steps and [_shape(one) for one in places] == steps[code]}


def _shape(path: str) -> str:
    """Return a path without the conditions on what holds the observation: the codes of section and item tell it."""
    return re.sub(r'(?<!section)(?<!observation)\[code/@code = "[^"]*"\]|(?<=entry/observation)\[[^\]]*\]', "", path)


def test_the_layouts_are_as_they_were_frozen():
    """No layout and no truth was changed since."""
    sums = dict(reversed(line.split("  ")) for line in (FOLDER / "SHA256SUMS").read_text().splitlines())
    there = {str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*.*") if file.is_file()}

    assert sums.keys() == there
    for name, digest in sums.items():
        assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.parametrize("name", NAMES)
def test_nine_of_ten_items_that_it_maps_are_right(name):
    """Nine of ten lines name the places of the truth, and nine of ten places of the truth have their line."""
    lines = {line.item for line in layout(name).draft.lines}
    found = right(name)
    figure(f"{name}: mapped {len(lines)}, right {len(found)}, of {len(true(name))} in the truth")

    assert len(found) >= RIGHT * len(lines), sorted(lines - found)
    assert len(found) >= FOUND * len(true(name)), sorted(true(name) - found)


@pytest.mark.parametrize("name", NAMES)
def test_every_required_item_that_was_not_found_is_asked_for(name):
    """What no line reads and the file does not bring by itself is a question, and those come first."""
    draft = layout(name).draft
    missing, asked = required_and_not_found(draft), asked_for(draft)
    kinds = [question.kind for question in draft.questions]
    figure(f"{name}: required and not found {len(missing)}, asked for {len(missing & asked)}")

    assert missing
    assert missing <= asked
    assert kinds == sorted(kinds)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_drafted_reads_as_the_truth_does(name, tmp_path):
    """The draft loads as it stands; what it maps rightly is read as the truth reads it, or its words are asked for."""
    ours = layout(name).read(layout(name).drafted_mapping(tmp_path)).assessments
    theirs = layout(name).read(layout(name).truth).assessments
    asked = {item for question in layout(name).draft.questions for item in question.items}
    differing = {
        item
        for one, other in zip(ours, theirs, strict=True)
        for item in right(name)
        if one.text(item) != other.text(item)
    }

    assert differing <= asked
    assert not [item for one in ours for item in right(name) & differing if one.text(item) is not None]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("write", [draft_text.mapping, draft_text.told, draft_text.as_json])
def test_no_value_of_a_child_is_shown(name, write):
    """Neither the draft nor a report holds a name, a number, a day or a remark of the sample."""
    text = write(layout(name).draft)
    draft = layout(name).draft
    listed = {place for line in draft.lines if line.table or "truth" in line.text for place in line.places}
    # Words of lists are the vendor's own: a table of the draft translates them, or a question asks for them.
    words = {one for place in draft.sample.places if place.coded or place.path in listed for one in place.texts}

    found = values(layout(name)) - words - {"n/a"}
    assert len(found) > 15
    assert {value for value in found if re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)} == set()


def test_a_response_in_xml_gives_the_same_draft():
    """FHIR is drafted from what it says, not from how it is written."""
    content = as_xml(json.loads(layout("fhir-foreign").sample.read_text("utf-8")))
    draft = draft_of(Payload(content=content, name="sample.json"), layout("fhir-foreign").spec)

    assert draft_text.as_json(draft) == draft_text.as_json(layout("fhir-foreign").draft)


def test_what_the_patient_tells_needs_no_line():
    """Name, day of birth and the like come from the Patient that each response is about, and are not asked for."""
    draft = layout("fhir-foreign").draft
    brought = {"MEMBER_LAST_NAME", "MEMBER_FIRST_NAME", "MEMBER_DOB", "MEMBER_GENDER", "MEMBER_ZIP"}

    assert brought <= draft.sample.given
    assert not brought & {item for question in draft.questions for item in question.items}


def test_our_own_questions_need_no_mapping():
    """A response to our own form is told so, and nothing is drafted."""
    file = TESTS.parent / "samples/good/five-through-twenty.json"
    payload = Payload(content=file.read_bytes(), name=file.name)

    with pytest.raises(ConfigurationError, match="needs no mapping"):
        draft_of(payload, layout("fhir-foreign").spec)


def test_a_fhir_file_without_responses_is_no_sample():
    """What holds no QuestionnaireResponse is refused in one sentence."""
    with pytest.raises(ConfigurationError, match="holds no QuestionnaireResponse"):
        draft_of(
            Payload(content=b'{"resourceType": "Bundle", "type": "collection"}', name="x.json"), layout(NAMES[0]).spec
        )


def _cell(answer: Answer) -> str:
    """Return the place of an answer; of a workbook the cell, for the one mapping names its sheet and the other does not."""
    return answer.source.label.rpartition("!")[2]


EXPORTS = {
    "brightpath-ccda.xml": "brightpath-ccda",
    "castlegate-evaluations.xlsx": "castlegate-workbook",
    "meridian-night.hl7": "meridian-hl7",
    "openchart-visits.json": "openchart-json",
    "pinecrest-items.csv": "pinecrest-items",
}


@pytest.mark.parametrize("name", EXPORTS)
def test_the_exports_of_the_samples_are_drafted_too(name, tmp_path):
    """Of their lines nine of ten read in each assessment the very place that the mapping of the samples reads."""
    folder = TESTS.parent / "samples/exports"
    made = Layout(name, folder / name, load_mapping(folder / f"mappings/{EXPORTS[name]}.toml"), layout(NAMES[0]).spec)
    ours = made.read(made.drafted_mapping(tmp_path)).assessments
    theirs = made.read(made.truth).assessments
    pairs = [(one.answers, other.answers) for one, other in zip(ours, theirs, strict=True)]
    lines = {line.item for line in made.draft.lines}
    found = {
        item
        for item in lines
        if any(item in one and item in other and _cell(one[item]) == _cell(other[item]) for one, other in pairs)
    }
    figure(f"{name}: mapped {len(lines)}, right {len(found)}")

    assert len(found) >= RIGHT * len(lines), sorted(lines - found)
