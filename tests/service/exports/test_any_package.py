"""Every export follows whatever package it is given: here the invented draft, which no line of code knows."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from fhir.resources.R4B import get_fhir_model_class

from adapters import registry
from canonical.payload import Payload
from service.exports.browsable_html import browsable_html
from service.exports.dictionary_csv import dictionary_csv
from service.exports.fhir_package import fhir_package, resources
from service.fhir_response import questionnaire_response
from specs.catalog import Catalog
from specs.examples import examples
from specs.spec import Spec

DRAFT = Path(__file__).parents[2] / "packages/2027.0-draft"


@pytest.fixture(scope="module")
def draft() -> Spec:
    return Catalog().named(DRAFT)


def test_its_questionnaires_are_valid_and_ask_its_items(draft):
    """Under its own version, as a draft."""
    asked: set[str] = set()
    for resource in resources(draft):
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        assert (resource["version"], resource["status"]) == (draft.version, "draft")
        asked |= {item["linkId"] for group in resource.get("item", ()) for item in group["item"]}
    assert asked == set(draft.items)
    assert fhir_package(draft) == fhir_package(draft)


def test_its_examples_read_back(draft):
    """Through the same writer and the same adapter."""
    for example in examples(draft):
        payload = Payload(content=questionnaire_response(example.answers, draft), name="payload")
        (assessment,) = registry.read(payload).assessments
        told = {item: answer.text for item, answer in assessment.answers.items() if item in example.answers}
        assert told == dict(example.answers), example.name


def test_its_dictionary_is_told(draft):
    """In the spreadsheet and on the page, which says that it is a draft."""
    rows = list(csv.DictReader(io.StringIO(dictionary_csv(draft).decode("utf-8-sig"))))
    assert [row["item"] for row in rows] == list(draft.items)
    page = browsable_html(draft).decode()
    assert '<p class="banner draft" role="note"><strong>Draft</strong>' in page
    assert all(f'id="{item}"' in page for item in draft.items)
