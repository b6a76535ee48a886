"""Every door through which XML of others comes in, against everything that XML may hold and mean harm."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import workbook_file
from xml_perils import CANARY, INERT, REFUSED, Traps, traps

from adapters import registry, workbook_parts
from adapters.mapping import load_mapping
from canonical.errors import SpecDefect
from canonical.payload import Payload
from gateway_client import envelope
from sandbox.document import DocumentReader, Unreadable
from specs.catalog import Catalog
from specs.spec import Spec
from specs.wire import check_wire

SAMPLES = Path(__file__).parents[1] / "samples"
MAPPING = """\
agency    = "riverbend"
format    = "xml"
effective = 2026-01-01
[items]
MEMBER_LOCAL_ID = { from = "child" }
LDF_COMMENT     = { from = "note" }
"""
#: Seconds of work that no document may cost.
SOON = 2.5
#: Reads bytes; returns all that came of them, or None where they were refused.
Door = Callable[[bytes], object]


@pytest.fixture(scope="module")
def laid(tmp_path_factory) -> Iterator[Traps]:
    with traps(tmp_path_factory.mktemp("traps")) as laid:
        yield laid


@pytest.fixture(scope="module")
def spec() -> Spec:
    return Catalog().named("2026.1")


def payload_door(folder: Path) -> tuple[str, Door]:
    (folder / "any.toml").write_text(MAPPING)
    mapping = load_mapping(folder / "any.toml")

    def read(content: bytes) -> object:
        return _answers(registry.read(Payload(content=content, name="a.xml"), format="xml", mapping=mapping))

    return "<?xml version='1.0'?>\n<export><child>C-1</child></export>", read


def fhir_door() -> tuple[str, Door]:
    def read(content: bytes) -> object:
        return _answers(registry.read(Payload(content=content, name="a.xml"), format="fhir"))

    return (SAMPLES / "fhir/five-through-twenty.r4.xml").read_text("utf-8"), read


def _answers(reading: registry.Reading) -> object:
    if not reading.assessments and {finding.rule for finding in reading.findings} == {"A001"}:
        return None
    found = [finding for one in (reading, *reading.assessments) for finding in one.findings]
    return found, [answer.text for one in reading.assessments for answer in one.answers.values()]


def workbook_door() -> tuple[str, Door]:
    members = workbook_file.parts({"CANS": workbook_file.sheet([["a"]])})

    def read(content: bytes) -> object:
        packed = workbook_file.packed({**members, "xl/workbook.xml": content})
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            try:
                return workbook_parts.facts(archive)
            except workbook_parts.Unreadable:
                return None

    return members["xl/workbook.xml"], read


def intake_door(spec: Spec) -> tuple[str, Door]:
    reader = DocumentReader(spec)

    def read(content: bytes) -> object:
        document = reader.read(content)
        return None if isinstance(document, Unreadable) and not document.foreign else document

    return f'<?xml version="1.0"?><{spec.wire.root} xmlns="{spec.wire.namespace}"></{spec.wire.root}>', read


def package_door(spec: Spec) -> tuple[str, Door]:
    """The package's schema is read by three: who verifies it, who writes documents, and who judges them for the sandbox."""

    def read(content: bytes) -> object:
        spoilt = replace(spec, schema=content)
        defects = check_wire(spoilt)
        refused = [_refused(envelope.Plan, spoilt), _refused(DocumentReader, spoilt)]
        assert len(set(refused)) == 1
        assert refused[0] == any("XML Schema" in one or "wire.xsd" in one for one in defects)
        return None if refused[0] else defects

    return spec.schema.decode(), read


def _refused(made: Callable[[Spec], object], spec: Spec) -> bool:
    try:
        made(spec)
    except SpecDefect:
        return True
    return False


@pytest.fixture(scope="module")
def doors(tmp_path_factory, spec) -> dict[str, tuple[str, Door]]:
    return {
        "payload": payload_door(tmp_path_factory.mktemp("mapping")),
        "FHIR": fhir_door(),
        "workbook": workbook_door(),
        "intake": intake_door(spec),
        "package": package_door(spec),
    }


DOORS = ("payload", "FHIR", "workbook", "intake", "package")


@pytest.mark.parametrize("door", DOORS)
def test_what_is_sound_comes_in(door, doors):
    """Each document of this table is read before it is spoilt, or the table would prove nothing."""
    text, read = doors[door]
    if door != "intake":  # of this one only the id is missing
        assert read(text.encode()) is not None


@pytest.mark.parametrize("peril", REFUSED)
@pytest.mark.parametrize("door", DOORS)
def test_what_means_harm_is_refused(door, peril, doors, laid):
    """By every door, soon, without a call, and without a word of what lies elsewhere."""
    text, read = doors[door]
    content = REFUSED[peril](text, laid)
    began = time.thread_time()
    assert read(content) is None
    assert time.thread_time() - began < SOON
    assert laid.calls == []


@pytest.mark.parametrize("peril", INERT)
@pytest.mark.parametrize("door", DOORS)
def test_what_names_another_place_leads_nowhere(door, peril, doors, laid):
    """Stylesheets, inclusions and locations of schemas are text: read or not, nobody goes there."""
    text, read = doors[door]
    assert CANARY not in repr(read(INERT[peril](text, laid)))
    assert laid.calls == []
