from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest

SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture
def exports(tmp_path):
    """The samples' settings, and one export with three faults: certain, only likely, and a word that nobody knows."""
    shutil.copytree(SAMPLES / "mappings", tmp_path / "mappings")
    for name in ("ecas.toml", "roster.csv"):
        shutil.copy(SAMPLES / name, tmp_path)
    text = (SAMPLES / "good/caredesk-export.csv").read_bytes().replace(b"\r\n", b"\n").decode()
    lines = text.split("\n")
    head = lines[0].split(",")
    rows = [line.split(",") for line in lines if line and '"' not in line and line.count(",") == len(head) - 1]
    assert len(rows) > 4
    rows[1][head.index("Fn_Sleep")] = "2 - Moderate" if rows[1][head.index("Fn_Sleep")] == "Moderate" else "'Mild'"
    rows[2][head.index("DOB")] = "3.4.2015"
    rows[3][head.index("Fn_Sleep")] = "Dreadful"
    (tmp_path / "export.csv").write_bytes("\r\n".join(map(",".join, rows)).encode("utf-16"))
    return tmp_path


def test_without_apply_nothing_is_written(ecas, exports):
    """The diff is shown, the file stays, and the exit code says that there is something to do."""
    before = (exports / "export.csv").read_bytes()
    done = ecas("fix", "export.csv", cwd=exports)

    assert done.returncode == 1
    assert done.stdout.startswith("--- export.csv\n+++ export.csv\n@@ -2 +2 @@\n-")
    assert done.stdout.count("\n-") == 1
    assert "MEMBER_DOB is left to you: one answer is likely" in done.stderr
    assert (exports / "export.csv").read_bytes() == before


def test_applying_writes_the_certain_edits_and_keeps_the_mode(ecas, exports):
    """Only what is certain; the file's mode, encoding and line ends stay, and nothing is left beside it."""
    file = exports / "export.csv"
    file.chmod(0o640)
    beside = {one.name for one in exports.iterdir()}
    before = file.read_bytes()
    done = ecas("fix", "export.csv", "--apply", cwd=exports)
    after = file.read_bytes()

    assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "Mended 1 fault in 1 file.")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert {one.name for one in exports.iterdir()} == beside
    lines = zip(before.decode("utf-16").split("\r\n"), after.decode("utf-16").split("\r\n"), strict=True)
    assert [number for number, (old, new) in enumerate(lines) if old != new] == [1]
    assert after[:2] == before[:2]
    again = ecas("fix", "export.csv", "--apply", cwd=exports)
    assert again.stderr.splitlines()[-1] == "Nothing to mend: no fault whose mending is certain."
    assert file.read_bytes() == after


def test_a_link_stays_a_link(ecas, exports):
    """What it points to is mended."""
    (exports / "kept").mkdir()
    (exports / "export.csv").rename(exports / "kept/export.csv")
    (exports / "export.csv").symlink_to("kept/export.csv")
    ecas("fix", "export.csv", "--apply", cwd=exports)

    assert (exports / "export.csv").is_symlink()
    assert ecas("fix", "export.csv", cwd=exports).returncode == 0


def test_the_json_report_carries_edits_unless_they_are_left_out(ecas, exports):
    """Certain and likely ones; the text report shows none, and the other findings have none."""
    told = json.loads(ecas("validate", "export.csv", "--report", "json", cwd=exports).stdout)
    edits = {(one["items"][0], one["edit"]["certain"]) for one in told["findings"] if one["edit"]}
    spared = json.loads(ecas("validate", "export.csv", "--report", "json", "--without-edits", cwd=exports).stdout)

    assert edits == {("LDF_SLEEP", True), ("MEMBER_DOB", False)}
    assert [one["edit"] for one in spared["findings"] if one["edit"]] == []
    assert "03/04/2015" not in ecas("validate", "export.csv", cwd=exports).stdout


def test_the_ledger_is_in_the_report_and_balances(ecas, office):
    """JSON has every count, the text a line; a FHIR file without a mapping has none."""
    told = json.loads(ecas("validate", "good", "--report", "json").stdout)["ledger"]
    (ledger,) = told

    assert sum(ledger["counts"].values()) == ledger["fields"]
    assert f"\n{ledger['fields']:,} fields: " in ecas("validate", "good").stdout
    assert office


def test_too_many_unmapped_places_fail_the_build(ecas, exports):
    """They are named by position, for their names are the sender's; as many as are allowed do no harm."""
    text = (exports / "export.csv").read_bytes().decode("utf-16")
    lines = [f"{line},{'Mood' if number == 0 else 'fine'}" for number, line in enumerate(text.split("\r\n"))]
    (exports / "grown.csv").write_text("\n".join(lines), "utf-8")
    strict = ecas("validate", "grown.csv", "--max-unmapped", "0", "--fail-on", "never", cwd=exports)
    lenient = ecas("validate", "grown.csv", "--max-unmapped", "1", "--fail-on", "never", cwd=exports)

    assert (strict.returncode, lenient.returncode) == (1, 0)
    assert "grown.csv: error unmapped  Nothing names 1 of its places, and 0 are allowed: column the " in strict.stderr
    assert "Mood" not in strict.stderr + strict.stdout
    assert lenient.stderr == ""


def test_a_workbook_is_refused_with_a_clear_word(ecas, tmp_path):
    """Nothing of it is written."""
    from workbook_file import workbook  # noqa: PLC0415 - of this test alone

    (tmp_path / "book.xlsx").write_bytes(workbook([["a"]]))
    (tmp_path / "m.toml").write_text(
        'agency = "a"\nformat = "workbook"\neffective = 2026-01-01\n[items]\nMEMBER_ID = { from = "a" }\n'
    )
    before = (tmp_path / "book.xlsx").read_bytes()
    done = ecas("fix", "book.xlsx", "--apply", "--mapping", "m.toml", "--without-certification", cwd=tmp_path)

    assert "A workbook is never written by us." in done.stderr
    assert (tmp_path / "book.xlsx").read_bytes() == before
