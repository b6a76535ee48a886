from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[3] / "specs/packages/2026.1"


@pytest.fixture
def package(tmp_path):
    """A copy that may be broken."""
    shutil.copytree(PACKAGE, tmp_path / "copy")
    return tmp_path / "copy"


def test_the_built_in_package_keeps_its_word(ecas):
    """Seal, schema, requirements, every rule's cases, and both judges over every example."""
    done = ecas("spec", "verify", "2026.1")

    assert done.returncode == 0, done.stdout
    assert done.stdout.count("ok   ") == 5


def test_a_package_that_was_changed_after_sealing_is_refused(ecas, package):
    """The digest of every file is checked before anything else: wrong configuration."""
    (package / "items.csv").write_text((package / "items.csv").read_text("utf-8") + "\n", "utf-8")
    done = ecas("spec", "verify", package)

    assert done.returncode == 2
    assert "items.csv" in done.stderr


def test_a_seal_makes_a_changed_draft_loadable(ecas, package):
    """For whoever writes a new version."""
    (package / "NOTES.md").write_text("Changed.\n", "utf-8")

    assert ecas("spec", "verify", package).returncode == 2
    assert ecas("spec", "seal", package).stdout.startswith("sha-256:")
    assert ecas("spec", "verify", package).returncode == 0


def test_an_example_that_the_judges_see_differently_is_a_fault(ecas, package):
    """An example that does not come out as its folder says is named, with each judge that disagrees."""
    wrong = {"why": "Planted.", "answers": {"INSTRUMENT": "five-through-twenty"}}
    (package / "examples/accepted/planted.json").write_text(json.dumps(wrong), "utf-8")
    ecas("spec", "seal", package)
    done = ecas("spec", "verify", package)

    assert done.returncode == 1
    assert "planted.json: meant to be accepted; the validators say rejected for" in done.stdout
    assert "planted.json: meant to be accepted; the sandbox says rejected for" in done.stdout


def test_a_rule_that_passes_its_own_fail_case_is_a_fault(ecas, package):
    """Each rule must tell its cases apart."""
    rule = package / "rules/B012.toml"
    text = rule.read_text("utf-8")
    rule.write_text(
        text.replace('first    = "MEMBER_DOB"', 'first    = "ASSESSMENT_DATE"').replace(
            'then     = "ASSESSMENT_DATE"', 'then     = "MEMBER_DOB"'
        ),
        "utf-8",
    )
    assert rule.read_text("utf-8") != text
    ecas("spec", "seal", package)
    done = ecas("spec", "verify", package)

    assert done.returncode == 1
    assert "FAULT  rules" in done.stdout
    assert "rules/B012.toml" in done.stdout


def test_a_package_is_shown_with_its_status(ecas):
    """Sections with their items, rules by code, and what is not checked."""
    told = ecas("spec", "show", "2026.1").stdout

    assert "2026.1 (provisional), in force 2026-01-01" in told
    assert "five-through-twenty" in told
    assert "B012  error" in told


@pytest.mark.parametrize(
    ("code", "says"), [("LDF_SLEEP", "wire        LifeDomainFunctioning/Sleep"), ("B012", "fix  ")]
)
def test_an_item_or_a_rule_is_shown_by_its_code(ecas, code, says):
    """Everything that the package says about it."""
    assert says in ecas("spec", "show", "2026.1", code).stdout


def test_a_package_of_ones_own_is_found_through_the_settings(ecas, package, tmp_path):
    """ECAS_SPEC_PATH names folders that hold packages."""
    text = (package / "package.toml").read_text("utf-8")
    (package / "package.toml").write_text(
        text.replace('"2026.1"', '"2027.1"').replace("2026-01-01", "2027-01-01"), "utf-8"
    )
    ecas("spec", "seal", package)

    assert "2027.1" in ecas("spec", "list", ECAS_SPEC_PATH=str(tmp_path)).stdout
