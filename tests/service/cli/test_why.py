from __future__ import annotations

import json


def test_an_answer_is_told_with_its_place_and_its_way(ecas):
    """The value, where it was read, what the mapping did to it, and how it leaves."""
    done = ecas("why", "bad/caredesk-ragged-row.csv", "LDF_SLEEP")

    assert "answer  " in done.stdout
    assert "column Fn_Sleep" in done.stdout
    assert "by      riverbend-caredesk.toml: column 'Fn_Sleep', translated by the code table 'need'" in done.stdout
    assert "leaves  as LifeDomainFunctioning/Sleep" in done.stdout


def test_the_place_is_one_that_editors_follow(ecas, office):
    """file:line:column leads to the answer."""
    done = ecas("why", "good/five-through-twenty.json", "LDF_SLEEP")
    (told,) = [line.split()[1] for line in done.stdout.splitlines() if line.startswith("    from")]
    file, line, column = told.split(":")
    text = (office / file).read_text("utf-8").split("\n")
    answer, _ = json.JSONDecoder().raw_decode("\n".join([text[int(line) - 1][int(column) - 1 :], *text[int(line) :]]))

    assert "valueCoding" in answer


def test_an_absent_answer_is_told_with_the_first_reason(ecas):
    """Missing, broken, of the other instrument: each has its own sentence."""
    absent = ecas("why", "bad/missing-sleep-rating.json", "LDF_SLEEP").stdout
    broken = ecas("why", "bad/decimal-rating.json", "STR_OPTIMISM").stdout
    other = ecas("why", "good/five-through-twenty.json", "EBN_FAILURE_TO_THRIVE").stdout

    assert "its place is empty or missing" in absent
    assert "but     S001" in absent
    assert "what stands in its place could not be read" in broken
    assert "but     A011" in broken
    assert "it belongs to birth-through-four" in other


def test_a_derived_answer_says_so(ecas):
    """What no export brings is derived by us, and is not passed off as theirs."""
    assert "derived by ecas-bridge" in ecas("why", "good/caredesk-export.csv", "DOCUMENT_ID").stdout


def test_credentials_and_comments_stay_masked(ecas):
    """Even for the person who asked."""
    done = ecas("why", "good/five-through-twenty.json", "ASSESSOR_KEY")

    assert "masked" in done.stdout
    assert "MA-CANS" not in done.stdout


def test_all_tells_about_every_item_of_the_instrument(ecas):
    """And about no item of the other."""
    told = ecas("why", "good/five-through-twenty.json", "--all").stdout

    assert "  LDF_SLEEP  " in told
    assert "  EBN_FAILURE_TO_THRIVE  " not in told


def test_without_consent_clinical_answers_are_told_to_stay_home(ecas, desk):
    """The projection in words."""
    text = (desk / "export.json").read_text("utf-8")
    document = json.loads(text)
    document["entry"] = [e for e in document["entry"] if e["resource"]["resourceType"] != "Consent"]
    (desk / "export.json").write_text(json.dumps(document), "utf-8")

    assert "without the member's consent" in ecas("why", "export.json", "LDF_SLEEP", cwd=desk).stdout


def test_a_misspelt_item_is_met_with_a_suggestion(ecas):
    """Wrong usage, and what was probably meant."""
    done = ecas("why", "good/five-through-twenty.json", "LDF_SLEP")

    assert done.returncode == 2
    assert "Did you mean LDF_SLEEP" in done.stderr


def test_a_further_occurrence_is_told_like_the_first(ecas):
    """By its own code, with its own place; one that is not there is no item to list."""
    second = ecas("why", "good/five-through-twenty.json", "DX_CODE.2").stdout
    everything = ecas("why", "good/five-through-twenty.json", "--all").stdout

    assert "DX_CODE.2  Diagnosis (no. 2)" in second
    assert "leaves  as Diagnoses/Diagnosis/Code" in second
    assert "DX_CODE.2  " in everything
    assert "INCOMPLETE_REASON  " in everything
    assert "DX_CODE.3  " not in everything
    assert "CGR_SAFETY.2  " not in everything
