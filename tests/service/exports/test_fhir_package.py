"""The FHIR package: its layout, its resources, and that it is the same every time."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import tarfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from fhir.resources.R4B import get_fhir_model_class

from service import fhir_names
from service.exports.fhir_package import fhir_package, package_version, resources
from specs.spec import Code, Spec, Status

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def packed(spec) -> bytes:
    return fhir_package(spec)


@pytest.fixture(scope="module")
def files(packed) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        return {member.name: archive.extractfile(member).read() for member in archive.getmembers()}


def loaded(files: dict[str, bytes]) -> dict[str, dict]:
    return {
        name: json.loads(content)
        for name, content in files.items()
        if not name.endswith((".index.json", "/package.json"))
    }


def test_the_layout_is_that_of_a_fhir_npm_package(files):
    """A manifest, an index in each folder, the resources by type and id, and the examples by themselves."""
    assert next(iter(files)) == "package/package.json"
    assert {str(Path(name).parent) for name in files} == {"package", "package/example"}
    manifest = json.loads(files["package/package.json"])
    assert manifest["name"] == "ecas-bridge.cans"
    assert manifest["version"] == "2026.1.0-provisional"
    assert manifest["fhirVersions"] == ["4.0.1"]
    assert manifest["dependencies"] == {"hl7.fhir.r4.core": "4.0.1"}
    assert manifest["description"].startswith("Provisional: ")


@pytest.mark.parametrize("folder", ["package", "package/example"])
def test_the_index_tells_every_resource(files, folder):
    """Whoever reads the index need not open the files."""
    index = json.loads(files[f"{folder}/.index.json"])
    found = {name: json.loads(content) for name, content in files.items() if str(Path(name).parent) == folder}
    told = {f"{folder}/{entry['filename']}": entry for entry in index["files"]}
    assert index["index-version"] == 2
    assert set(told) == set(found) - {f"{folder}/.index.json", f"{folder}/package.json"}
    assert all(entry["resourceType"] == found[name]["resourceType"] for name, entry in told.items())
    assert all(entry.get("url") == found[name].get("url") for name, entry in told.items())


def test_fhir_resources_accepts_every_resource(files):
    """Each is valid FHIR R4 (R4B's classes; docs in adapters/fhir_conformance.py)."""
    for resource in loaded(files).values():
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_there_is_a_questionnaire_for_each_instrument_and_both_resources_for_each_list(files, spec):
    """And the three words of a tri-state have a list too."""
    kinds = [resource["resourceType"] for resource in loaded(files).values()]
    assert kinds.count("Questionnaire") == len(spec.instruments)
    assert kinds.count("CodeSystem") == kinds.count("ValueSet") == len(spec.codes) + 1


def test_every_address_leads_to_a_resource_of_the_package(files, spec):
    """Value sets of questions, systems of value sets, systems of codings: all are there, in this version."""
    by_url = {resource["url"]: resource for resource in loaded(files).values() if "url" in resource}
    text = json.dumps(list(by_url.values()))
    named = set(_addresses(json.loads(text)))
    assert named
    for address in named:
        url, _, version = address.partition("|")
        assert url in by_url, address
        assert version in ("", spec.version)


def _addresses(value: object) -> list[str]:
    if isinstance(value, dict):
        return [address for each in value.values() for address in _addresses(each)]
    if isinstance(value, list):
        return [address for each in value for address in _addresses(each)]
    return [value] if isinstance(value, str) and value.startswith(f"{fhir_names.BASE}/") else []


def test_what_is_not_official_is_an_experimental_draft_and_says_so(files):
    """Status, experimental flag, the notice, and whose instrument it is: on every resource."""
    for resource in (each for each in loaded(files).values() if "url" in each):
        assert (resource["status"], resource["experimental"]) == ("draft", True)
        assert resource["description"].startswith("Provisional: ")
        assert "Praed Foundation" in resource["copyright"]
        assert resource["version"] == "2026.1"


@pytest.mark.parametrize(
    ("status", "fhir", "experimental"),
    [(Status.DRAFT, "draft", True), (Status.OFFICIAL, "active", False), (Status.RETIRED, "retired", False)],
)
def test_the_status_of_the_package_is_that_of_its_resources(spec, status, fhir, experimental):
    """As far as FHIR has words for it."""
    resource = next(resources(replace(spec, status=status)))
    assert (resource["status"], resource["experimental"]) == (fhir, experimental)


@pytest.mark.parametrize(
    ("version", "status", "told"),
    [
        ("2026.1", Status.OFFICIAL, "2026.1.0"),
        ("2026.1", Status.PROVISIONAL, "2026.1.0-provisional"),
        ("3", Status.RETIRED, "3.0.0-retired"),
        ("1.2.3", Status.OFFICIAL, "1.2.3"),
        ("2027.0-draft", Status.DRAFT, "0.0.0-2027-0-draft-draft"),
    ],
)
def test_npm_gets_a_version_of_three_numbers(spec, version, status, told):
    """With a label, unless it is official: nobody takes it for a release."""
    assert package_version(replace(spec, version=version, status=status)) == told


def test_the_validity_of_a_code_is_a_property(spec):
    """Both days of it, where it has them."""
    codes = {"a": Code(value="a", label="A", valid_from=date(2026, 1, 1), valid_to=date(2026, 6, 30))}
    system = next(
        each
        for each in resources(_with_list(spec, "service", codes))
        if each["resourceType"] == "CodeSystem" and each["id"] == "service"
    )
    assert system["concept"][0]["property"] == [
        {"code": "valid-from", "valueDateTime": "2026-01-01"},
        {"code": "valid-to", "valueDateTime": "2026-06-30"},
    ]
    get_fhir_model_class("CodeSystem").model_validate(system)


def _with_list(spec: Spec, name: str, codes: dict[str, Code]) -> Spec:
    return replace(spec, codes={**spec.codes, name: codes})


def test_names_that_fhir_does_not_allow_become_ids_that_stay_apart(spec):
    """Whatever a package calls its lists, no two become one."""
    names = ("a_b", "a-b", "a b", "b" * 80, "ä", "x")
    ids = [fhir_names.list_id(name) for name in names]
    assert len(set(ids)) == len(names)
    for id_ in ids:
        get_fhir_model_class("ValueSet").model_validate({"resourceType": "ValueSet", "id": id_, "status": "draft"})


def test_two_exports_are_the_same_to_the_byte(packed):
    """In another process too, whatever seeds its hashes."""
    code = (
        "import sys; from service.exports.fhir_package import fhir_package; from specs.catalog import Catalog; "
        "sys.stdout.buffer.write(fhir_package(Catalog().named('2026.1')))"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True, cwd=ROOT)
    assert done.stdout == packed


def test_nothing_of_the_machine_is_inside(packed, spec):
    """One date for all, that on which the package comes into force; no user, no name, no time of packing."""
    assert gzip.decompress(packed)
    assert packed[3:8] == bytes(5)  # no file name in the header, no time
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        facts = {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in archive.getmembers()}
    ((day, *rest),) = facts
    assert datetime.fromtimestamp(day, UTC).date() == spec.in_force
    assert rest == [0, 0, "", "", 0o644]
