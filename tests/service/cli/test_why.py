from __future__ import annotations

import json


def test_an_answer_is_told_with_its_place_and_its_way(ecas):
    """The value, where it was read, what the mapping did to it, and how it leaves."""
    done = ecas("why", "bad/caredesk-ragged-row.csv", "LDF_SLEEP")

    assert "answer  " in done.stdout
    assert "column Fn_Sleep" in done.stdout
    assert "by      riverbend-caredesk.toml:60: column 'Fn_Sleep'" in done.stdout
    assert "steps   codes need" in done.stdout
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


def test_bytes_are_those_of_the_file(ecas, office):
    """From, to, and what stands there; a credential's are counted and not shown."""
    told = json.loads(ecas("why", "good/caredesk-export.csv", "--all", "--bytes", "--report", "json").stdout)
    content = (office / "good/caredesk-export.csv").read_bytes()
    first = {item["item"]: item for item in told[0]["items"]}

    (sleep,) = first["MEMBER_LAST_NAME"]["bytes"]
    assert content[sleep["start"] : sleep["end"]] == bytes.fromhex(sleep["hex"])
    assert bytes.fromhex(sleep["hex"]).decode() == first["MEMBER_LAST_NAME"]["answer"]
    assert [one["hex"] for one in first["ASSESSOR_KEY"]["bytes"]] == [None]
    assert first["ASSESSOR_KEY"]["answer"] == "•••••• (masked)"
    assert first["MEMBER_ID"]["transforms"] == ["pad 12"]
    assert first["SERVICE"]["mapping"]["file"] == "riverbend-caredesk.toml"
    assert first["AGENCY_ID"]["default"]


def test_the_first_thing_that_failed_is_told(ecas, tmp_path):
    """No line, empty cell, a word for nothing, no such part, no such code, no such date, no such column."""
    (tmp_path / "m.toml").write_text(
        'agency = "a"\nformat = "delimited"\neffective = 2026-01-01\nempty = ["n/a"]\n[items]\n'
        'MEMBER_DOB = { from = "Born", date = "%m/%d/%Y" }\nMEMBER_GENDER = { from = "Sex", codes = "sex" }\n'
        'MEMBER_ZIP = { from = "Zip" }\nMEMBER_LAST_NAME = { from = "Last" }\n'
        'MEMBER_FIRST_NAME = { from = "Name", split = { at = "/", part = 2 } }\n[codes.sex]\n"F" = "female"\n'
    )
    (tmp_path / "x.csv").write_text("Born,Sex,Zip,Last,Name\n2015-13-01,W,,n/a,Bo\n")
    (tmp_path / "y.csv").write_text("Born,Sex,Zip,Last\n2015-13-01,W,,n/a\n")
    options = ("--mapping", "m.toml", "--without-certification", "--spec", "2026.1")
    told = json.loads(ecas("why", "x.csv", "--all", "--report", "json", *options, cwd=tmp_path).stdout)
    because = {item["item"]: item["because"] for item in told[0]["items"]}
    wanted = ("CONSENT", "MEMBER_ZIP", "MEMBER_LAST_NAME", "MEMBER_FIRST_NAME", "MEMBER_GENDER", "MEMBER_DOB")

    assert [because.get(item) for item in wanted] == [
        "the mapping m.toml names no place for it.",
        "its cell is empty or missing.",
        "one of the words for nothing (“empty” in the mapping) stands in its place.",
        "the text in its place has no such part: split '/' part 2.",
        "what stands in its place is in no line of the mapping's code table.",
        "what stands in its place could not be read as the mapping says: date %m/%d/%Y.",
    ]
    missing = ecas("why", "y.csv", "MEMBER_FIRST_NAME", *options, cwd=tmp_path)
    assert "because column of the mapping missing from the file." in missing.stdout


def test_fields_are_listed_with_their_fate(ecas):
    """Every field once, as many as the ledger counts, and no value."""
    done = ecas("why", "good/caredesk-export.csv", "--fields")
    counted = json.loads(ecas("validate", "good/caredesk-export.csv", "--report", "json").stdout)["ledger"][0]
    fates = [line.rsplit("  ", 1)[1] for line in done.stdout.splitlines()]

    assert {fate: fates.count(fate) for fate in set(fates)} == {f: n for f, n in counted["counts"].items() if n}
    assert "Ostrowski" not in done.stdout
    assert ecas("why", "good/five-through-twenty.json", "--fields").returncode == 2
