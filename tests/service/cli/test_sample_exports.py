"""The exports of five vendors among the samples: read, judged, proved by their cases, and listed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

EXPORTS = Path(__file__).parents[3] / "samples/exports"
PAYLOADS = sorted(file.name for file in EXPORTS.iterdir() if file.is_file() and file.name != "ecas.toml")
MAPPINGS = sorted(file.stem for file in (EXPORTS / "mappings").glob("*.toml"))
#: Assessments of each.
HELD = {
    "brightpath-ccda.xml": 1,
    "castlegate-evaluations.xlsx": 2,
    "meridian-mdm.hl7": 1,
    "meridian-night.hl7": 3,
    "meridian-oru.hl7": 1,
    "openchart-visits.json": 2,
    "pinecrest-items.csv": 2,
}


def test_every_export_is_counted_and_listed():
    """None lies there that no test and no line of the README knows."""
    readme = (EXPORTS.parent / "README.md").read_text("utf-8")

    assert list(HELD) == PAYLOADS
    assert [name for name in (*PAYLOADS, *MAPPINGS) if name not in readme] == []


@pytest.mark.parametrize("name", PAYLOADS)
def test_each_export_is_clean(name, ecas):
    """Its mapping is chosen among the five, every assessment conforms, and nothing is found, not even advice."""
    done = ecas("validate", f"exports/{name}")

    assert done.returncode == 0, done.stdout
    count = HELD[name]
    assert f"1 file, {count} assessment{'s' * (count > 1)}: no findings." in done.stdout


@pytest.mark.parametrize("mapping", MAPPINGS)
def test_each_mapping_keeps_its_cases(mapping, ecas):
    """What the exports were read as when somebody looked is what they are read as now."""
    done = ecas("mapping", "test", f"exports/mappings/{mapping}.toml")

    assert done.returncode == 0, done.stdout
    assert "otherwise 0" in done.stdout


def test_the_cases_are_of_the_exports_themselves():
    """Each export is the payload of one case, byte for byte, and each case is of an export."""
    cases = {
        file.name: file.read_bytes() for file in (EXPORTS / "mappings").glob("*.cases/*") if file.suffix != ".toml"
    }

    assert cases == {name: (EXPORTS / name).read_bytes() for name in PAYLOADS}


def test_no_mapping_has_an_error_or_a_warning(ecas):
    """“ecas mapping check” has nothing but advice about words that these exports do not use."""
    done = ecas("mapping", "check", "exports/mappings")

    assert done.returncode == 0
    assert f"{len(MAPPINGS)} mappings" in done.stdout
    assert "error 0, warning 0" in done.stdout


def test_the_clinical_document_is_made_of_assessment_scales():
    """Its answers stand in Assessment Scale Observations and their supporting observations, as C-CDA has them."""
    text = (EXPORTS / "brightpath-ccda.xml").read_text("utf-8")
    case = (EXPORTS / "mappings/brightpath-ccda.cases/brightpath-ccda.toml").read_text("utf-8")
    ratings = re.findall(r'^(?:LDF|EBN|RSK|CUL|CGR|STR)_\w+ += "[0-3]"$', case, re.MULTILINE)

    assert text.count('"2.16.840.1.113883.10.20.22.4.69"') == 6
    assert text.count('"2.16.840.1.113883.10.20.22.4.86"') == len(ratings) > 60
