"""The samples, and payloads made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters import registry
from adapters.mapping import AgencyMapping, load_mapping
from canonical.assessment import Reading
from canonical.finding import Finding
from canonical.payload import Payload

SAMPLES = Path(__file__).parents[2] / "samples"


@pytest.fixture(scope="session")
def caredesk() -> AgencyMapping:
    return load_mapping(SAMPLES / "mappings" / "riverbend-caredesk.toml")


@pytest.fixture
def sample() -> Callable[[str], Payload]:
    return lambda name: Payload(content=(SAMPLES / name).read_bytes(), name=name, agency="riverbend")


@pytest.fixture
def findings_of() -> Callable[[Reading], list[Finding]]:
    return lambda reading: [*reading.findings, *(f for one in reading.assessments for f in one.findings)]


@pytest.fixture
def fhir() -> Callable[[object], Payload]:
    return lambda document: Payload(content=json.dumps(document).encode(), name="export.json", agency="riverbend")


@pytest.fixture
def read(fhir, findings_of):
    """Read a document: its one assessment, and its findings as rule, items and label."""

    def reader(document):
        reading = registry.read(fhir(document))
        (assessment,) = reading.assessments
        return assessment, [(f.rule, f.items, f.sources[0].label) for f in findings_of(reading)]

    return reader
