"""Two tiers judge a FHIR document: the result is that of fhir.resources on the whole, and what only the schema knows."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from fhir.resources.bundle import Bundle as BundleR5
from fhir.resources.questionnaireresponse import QuestionnaireResponse as ResponseR5
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from fhir_forms import as_r5, as_xml
from fhir_mutants import mutated, mutated_xml
from pydantic import ValidationError

from adapters import fhir_xml
from adapters.fhir_conformance import complaints, refusals
from adapters.fhir_models import is_resource
from adapters.fhir_release import Release
from adapters.fhir_schema import misfits, schema_file
from adapters.fhir_schema_writer import written
from canonical.payload import Payload


def shorter(document):
    """Take most ratings out of a sample: what is left has one of everything, and is judged in a fraction of the time."""
    for entry in document["entry"]:
        for group in entry["resource"].get("item", ()):
            group["item"] = group["item"][:3]
    return document


GOOD = sorted((Path(__file__).parents[2] / "samples/good").glob("*.json"))
SAMPLES = [shorter(json.loads(file.read_text())) for file in GOOD]
DOCUMENTS = {Release.R4: SAMPLES, Release.R5: [as_r5(one) for one in SAMPLES]}
JUDGES = {Release.R4: (Bundle, QuestionnaireResponse), Release.R5: (BundleR5, ResponseR5)}
RAW = (ValidationError, KeyError, TypeError, ValueError, AttributeError, RecursionError)


def fully_right(document, release) -> bool:
    """Ask fhir.resources about the whole document, without anything of ours."""
    bundle, response = JUDGES[release]
    try:
        (bundle if document.get("resourceType") == "Bundle" else response).model_validate(document)
    except RAW:
        return False
    return True


def right_in_xml(content, release) -> bool:
    """Ask fhir.resources' own reader of XML."""
    try:
        JUDGES[release][0].model_validate_xml(content)
    except Exception:  # noqa: BLE001 - whatever it is that a library raises for what it does not take
        return False
    return True


@pytest.mark.parametrize("release", Release)
def test_schema_is_that_of_the_models(release):
    """The schema that is shipped says what the models of the installed fhir.resources say."""
    assert schema_file(release).read_bytes() == written(release)


@pytest.mark.parametrize("release", Release)
def test_good_documents_pass_both_tiers(release):
    """What is right is right, before and after it is remembered."""
    for document in DOCUMENTS[release] * 2:
        assert misfits(document, release) == []
        assert complaints(document, release) == []


def judge_json(release, seed, number):
    """Judge mutated documents, and return how many were right, refused, and refused by the schema alone."""
    dice = random.Random(f"{release} {seed}")
    counts = [0, 0, 0]
    for _ in range(number):
        document = mutated(dice.choice(DOCUMENTS[release]), dice)
        right, odd = fully_right(document, release), misfits(document, release)
        full, ours = refusals(document, release), complaints(document, release)
        assert (full == []) is right
        assert ours[: len(full)] == full
        assert (ours == []) is (right and not odd)
        assert len({(one.pointer, one.sentence, one.ordinal) for one in ours[len(full) :]}) == len(ours) - len(full)
        counts[0 if not ours else 1 if full else 2] += 1
    return counts


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("release", Release)
def test_json_is_judged_as_by_a_full_run(release, seed):
    """A thousand mutated documents of each release: the complaints are those of fhir.resources, and the schema's beside them."""
    counts = judge_json(release, seed, 200)
    assert min(counts) > 2


def judge_xml(release, seed, number):
    """Judge mutated XML, and return how many documents were right and how many were refused."""
    dice = random.Random(f"{release} xml {seed}")
    sources = [as_xml(document) for document in DOCUMENTS[release]]
    counts = [0, 0]
    for _ in range(number):
        content = mutated_xml(dice.choice(sources), dice)
        opened = fhir_xml.opened(Payload(content=content, name="x"), release)
        full, ours = refusals(opened.value, release), complaints(opened.value, release)
        assert (full == []) is fully_right(opened.value, release)
        assert ours[: len(full)] == full
        right = not opened.complaints and not ours
        if right:
            assert right_in_xml(content, release), content
        counts[0 if right else 1] += 1
    return counts


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("release", Release)
def test_xml_is_judged_as_by_a_full_run(release, seed):
    """A thousand mutated documents in XML: what both tiers let pass fhir.resources lets pass too, in its own reading of XML."""
    counts = judge_xml(release, seed, 200)
    assert min(counts) > 2


@pytest.mark.campaign
@pytest.mark.timeout(0)
@pytest.mark.parametrize("release", Release)
def test_campaign_of_mutants(release):
    """The same on fifty thousand documents of each form."""
    for seed in range(100, 350):
        judge_json(release, seed, 200)
        judge_xml(release, seed, 200)


@pytest.mark.parametrize("name", ["HumanName", "Foo", "", "__class__", "a.b", "Patient "])
def test_only_resources_are_resources(name):
    """A data type, or a name that is none, is no resource."""
    assert not is_resource(Release.R4, name)
