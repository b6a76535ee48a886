"""A mapping from a sample to a clean export, as a person walks: init, answers, check, test, validate."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

EXPORTS = Path(__file__).parents[3] / "samples/exports"
#: What the person answers whom the draft asks, by sample: lines of [items].
ANSWERS = {
    "castlegate-evaluations.xlsx": """COMPLETION_STATUS = { value = "complete" }
PROVIDER_ID = { value = "110000001A" }
MEMBER_LIVING_SITUATION = { from = "Client / Lives with", codes = "lives" }
""",
    "meridian-oru.hl7": """COMPLETION_STATUS = { value = "complete" }
PROVIDER_ID = { value = "110000001A" }
SERVICE = { from = "PV1-3.1" }
STR_COMMENT = { from = 'OBX[3.1 = "STR.NOTE"]-5' }
""",
}
#: … and the tables that these lines need.
TABLES = {
    "castlegate-evaluations.xlsx": '\n[codes.lives]\n"Parent/guardian" = "home"\n"Group home" = "group-home"\n"Relative" = "kinship-home"\n"Residential" = "residential"\n"Foster" = "foster-home"\n"Shelter" = "shelter"\n'
}
#: Samples with the mapping that reads them already, whose cases say what the truth is.
TRUTHS = {"castlegate-evaluations.xlsx": "castlegate-workbook", "meridian-oru.hl7": "meridian-hl7"}
#: What that mapping says besides, and a draft need not.
BESIDE = {"AGENCY_ID", "DOCUMENT_ID"}


@pytest.fixture(params=sorted(ANSWERS))
def sample(request, tmp_path) -> Path:
    """An export in a folder of its own, where no mapping is, and the roster."""
    shutil.copy(EXPORTS.parent / "roster.csv", tmp_path)
    (tmp_path / "ecas.toml").write_text('agency = "riverbend"\nroster = "roster.csv"\n')
    return Path(shutil.copy(EXPORTS / request.param, tmp_path))


def answered(draft: Path, sample: str) -> None:
    """Write what a person answers into a draft."""
    text = draft.read_text("utf-8")
    assert "\n[items]\n" in text
    lines = text.replace("\n[items]\n", f"\n[items]\n{ANSWERS[sample]}", 1)
    draft.write_text(lines + TABLES.get(sample, ""), "utf-8")


def told(case: Path) -> list[dict[str, str]]:
    assessments = tomllib.loads(case.read_text("utf-8"))["assessment"]
    assert [one.get("findings", []) for one in assessments] == [[]] * len(assessments)
    return [{item: text for item, text in one["answers"].items() if item not in BESIDE} for one in assessments]


def test_a_sample_becomes_a_mapping_that_reads_it_clean(sample, ecas, tmp_path):
    """What is asked for is answered; then the draft checks, keeps its case, and validates without a finding."""
    draft = tmp_path / "ours.toml"
    first = ecas("mapping", "init", sample, "--agency", "riverbend", "--out", draft, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "[required] Where is COMPLETION_STATUS" in first.stdout

    before = ecas("mapping", "check", draft, cwd=tmp_path)
    assert before.returncode == 1
    assert "No line maps COMPLETION_STATUS" in before.stdout
    answered(draft, sample.name)
    after = ecas("mapping", "check", draft, cwd=tmp_path)
    assert after.returncode == 0, after.stdout

    cases = tmp_path / "ours.cases"
    cases.mkdir()
    shutil.copy(sample, cases)
    assert ecas("mapping", "test", draft, "--write", cwd=tmp_path).returncode == 0
    kept = ecas("mapping", "test", draft, cwd=tmp_path)
    assert (kept.returncode, "otherwise 0" in kept.stdout) == (0, True)

    judged = ecas("validate", sample, "--mapping", draft, cwd=tmp_path)
    assert judged.returncode == 0, judged.stdout
    assert "no findings." in judged.stdout
    truth = EXPORTS / f"mappings/{TRUTHS[sample.name]}.cases" / f"{sample.stem}.toml"
    assert told(cases / f"{sample.stem}.toml") == told(truth)
