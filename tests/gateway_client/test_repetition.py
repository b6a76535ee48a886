"""A section that repeats: its element stands in the document once for each occurrence."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from canonical.errors import UnfitDocument
from canonical.occurrence import nth_of
from gateway_client.envelope import build
from gateway_client.projection import project
from sandbox.document import DocumentReader

NAMESPACE = "{urn:ecas-bridge:cans:2026.1}"
FIRST = {"CGR_SAFETY": "1"}
CARE = f"{NAMESPACE}CaregiverNeedsAndResources"


def test_each_occurrence_has_its_element(assess, spec):
    """Two caregivers are two elements, three diagnoses three, in their order, and the schema accepts them."""
    diagnoses = {"DX_CODE": "F43.10", "DX_CODE.2": "F90.2", "DX_CODE.3": "F84.0"}
    more = {**FIRST, **diagnoses, "CGR_SAFETY.2": "3", "CGR_COMMENT.2": "n/a"}
    root = etree.fromstring(build(assess(**more), spec).content)
    etree.XMLSchema(etree.fromstring(spec.schema)).assertValid(root)
    codes = [code.text for code in root.iterfind(f"{NAMESPACE}Diagnoses/{NAMESPACE}Diagnosis/{NAMESPACE}Code")]
    assert codes == ["F43.10", "F90.2", "F84.0"]
    assert [care.findtext(f"{NAMESPACE}Comment") for care in root.iterfind(CARE)][1] == "n/a"
    assert [len(care) for care in root.iterfind(CARE)][1] == 2


def test_a_document_without_further_occurrences_is_what_it_was(assess, spec):
    """Whatever was built before it from the same plan."""
    plain = build(assess(**FIRST), spec)
    build(assess(**FIRST, **{"CGR_SAFETY.2": "3"}), spec)
    assert build(assess(**FIRST), spec) == plain
    assert len(list(etree.fromstring(plain.content).iterfind(CARE))) == 1


def test_what_the_schema_refuses_is_named_with_its_occurrence(assess, spec):
    """The second caregiver's rating, and not the first's."""
    with pytest.raises(UnfitDocument) as unfit:
        build(assess(**FIRST, **{"CGR_SAFETY.2": "4"}), spec)
    assert unfit.value.items == ("CGR_SAFETY.2",)


def test_no_occurrence_leaves_without_consent(assess, spec):
    """The allow-list holds for all of them, and a number beyond the last is on no list."""
    further = {
        nth_of(item, number): "1" for item in ("CGR_SAFETY", "CGR_COMMENT", "DX_CODE") for number in range(2, 15)
    }
    without = project(assess(**further, CONSENT="refused"), spec)
    assert not {code for code in without if code.startswith(("CGR", "DX"))}
    full = project(assess(**further), spec)
    assert {"CGR_COMMENT.4", "DX_CODE.12"} <= full.keys()
    assert not {"CGR_COMMENT.5", "DX_CODE.13"} & full.keys()


@settings(max_examples=40, deadline=None)
@given(carers=st.integers(1, 4), diagnoses=st.integers(1, 12))
def test_the_state_reads_what_was_written(assess, spec, carers, diagnoses):
    """Occurrence for occurrence, by a reader that shares nothing with the writer."""
    written = {nth_of("DX_CODE", number): f"F{number + 30}.0" for number in range(1, diagnoses + 1)}
    pairs = itertools.product(("CGR_SAFETY", "CGR_HOUSING"), range(1, carers + 1))
    written |= {nth_of(item, number): str(number % 4) for item, number in pairs}
    assessment = assess(**written)
    read = DocumentReader(spec).read(build(assessment, spec).content)
    assert read.answers == project(assessment, spec)
    assert read.schema_reasons == ()
