from __future__ import annotations

import shutil

import pytest

TABLE = "caredesk-export.csv"


@pytest.fixture
def agency(office, tmp_path):
    """A folder with a delimited export, its mapping, and one for another export."""
    (tmp_path / "mappings").mkdir()
    shutil.copy(office / "good" / TABLE, tmp_path)
    shutil.copy(office / "mappings/riverbend-caredesk.toml", tmp_path / "mappings")
    (tmp_path / "mappings/other.toml").write_text(
        'agency = "riverbend"\nformat = "delimited"\neffective = 2026-01-01\n[items]\nMEMBER_ID = { from = "Nr" }\n'
    )
    (tmp_path / "ecas.toml").write_text('mapping_path = "mappings"\n')
    return tmp_path


def validate(ecas, agency, *more):
    return ecas("validate", TABLE, "--without-certification", *more, cwd=agency)


def test_of_several_mappings_the_one_whose_columns_the_file_has_is_taken(ecas, agency):
    """Nobody has to name it."""
    assert validate(ecas, agency).returncode == 0


def test_two_that_fit_are_named_and_none_is_guessed(ecas, agency):
    """Wrong configuration, in one sentence."""
    shutil.copy(agency / "mappings/riverbend-caredesk.toml", agency / "mappings/twin.toml")
    done = validate(ecas, agency)

    assert done.returncode == 2
    assert "riverbend-caredesk.toml, twin.toml" in done.stderr


def test_the_command_line_wins(ecas, agency):
    """Whatever the settings say."""
    shutil.copy(agency / "mappings/riverbend-caredesk.toml", agency / "mappings/twin.toml")

    assert validate(ecas, agency, "--mapping", "mappings/twin.toml").returncode == 0


def test_none_that_fits_among_several_is_wrong_configuration(ecas, agency):
    """The file is not one that any of them describes."""
    (agency / TABLE).write_text("a,b\n1,2\n")
    shutil.copy(agency / "mappings/other.toml", agency / "mappings/third.toml")

    assert validate(ecas, agency).returncode == 2


def test_a_table_without_any_mapping_is_a_payload_that_cannot_be_read(ecas, agency):
    """One finding, exit code 1."""
    (agency / "ecas.toml").unlink()
    done = validate(ecas, agency)

    assert done.returncode == 1
    assert "error A001" in done.stdout


def test_a_broken_mapping_is_told_by_line(ecas, agency):
    """Wrong configuration: file, line, sentence."""
    (agency / "mappings/other.toml").write_text('agency = "riverbend"\nformat = "telex"\n')
    done = validate(ecas, agency)

    assert done.returncode == 2
    assert "other.toml:" in done.stderr


def later(agency, day):
    """Put a newer mapping beside the one that the export has."""
    text = (agency / "mappings/riverbend-caredesk.toml").read_text()
    (agency / "mappings/newer.toml").write_text(text.replace("effective = 2026-01-01", f"effective = {day}"))


def test_of_two_that_fit_the_one_in_force_on_the_day_is_taken(ecas, agency):
    """The report says which; an old payload is read again with the mapping of its day."""
    later(agency, "2026-02-01")
    told = [
        ecas("why", TABLE, "MEMBER_DOB", "--without-certification", *day, cwd=agency).stdout
        for day in ((), ("--dated", "2026-01-31"))
    ]
    assert ["newer.toml:" in text for text in told] == [True, False]
    assert "riverbend-caredesk.toml:" in told[1]


def test_payload_from_before_every_mapping_is_wrong_configuration(ecas, agency):
    """It is not read with a mapping that was not made for it; the sentence says what to do."""
    done = validate(ecas, agency, "--dated", "2025-12-31")
    assert done.returncode == 2
    assert "2026-01-01" in done.stderr
    assert "--dated" in done.stderr


def test_export_of_the_cbhi_application_is_read_with_its_own_mapping(ecas, office):
    """No reading error, and not a conforming assessment either: most of its fields are not publicly known."""
    done = ecas("validate", "cbhi", "--without-certification", cwd=office)
    assert done.returncode == 1
    assert "error A0" not in done.stdout
    assert "3 files, 7 assessments" in done.stdout
