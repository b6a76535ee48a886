from __future__ import annotations

import json
import stat
from pathlib import Path

from lxml import etree

ROOT = Path(__file__).parents[3]
GOOD = "good/five-through-twenty.json"
TABLE = "good/caredesk-export.csv"


def test_a_document_fits_the_schema_of_its_package(ecas):
    """What is printed is the state's document, and nothing else."""
    done = ecas("map", GOOD, "--out", "-")
    schema = etree.XMLSchema(etree.parse(ROOT / "specs/packages/2026.1/wire.xsd"))

    schema.assertValid(etree.fromstring(done.stdout.encode()))
    assert done.stderr == ""


def test_a_document_does_not_depend_on_the_hash_seed(ecas):
    """Byte for byte the same over two runs."""
    first, second = (ecas("map", GOOD, PYTHONHASHSEED=seed).stdout for seed in ("1", "2"))

    assert first == second


def test_a_document_is_for_its_owner_alone(ecas, tmp_path):
    """Mode 0600, also where a file of another mode stood before."""
    out = tmp_path / "document.xml"
    out.write_text("old")
    out.chmod(0o644)
    ecas("map", GOOD, "--out", out)

    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert out.read_bytes().startswith(b"<?xml")
    assert [file.name for file in tmp_path.iterdir()] == ["document.xml"]


def test_several_documents_need_a_folder(ecas, tmp_path):
    """They are named by their number: a name that we make holds nothing of a record."""
    assert ecas("map", TABLE).returncode == 2

    folder = tmp_path / "documents"
    assert ecas("map", TABLE, "--out", folder).returncode == 0
    assert sorted(file.name for file in folder.iterdir()) == [f"{number:04}.xml" for number in range(1, 26)]
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_what_judging_blocks_or_holds_is_not_written(ecas, tmp_path):
    """The findings go to standard error, so that they never mix with a document."""
    out = tmp_path / "document.xml"
    for sample in ("bad/rating-out-of-list.json", "bad/unknown-key.json"):
        done = ecas("map", sample, "--out", out)

        assert done.returncode == 1
        assert "No document was written." in done.stderr
        assert done.stdout == ""
        assert not out.exists()


def test_without_a_roster_nothing_is_written(ecas, desk):
    """A check that did not run holds a document back, too."""
    done = ecas("map", "export.json", cwd=desk)

    assert done.returncode == 3
    assert done.stdout == ""


def test_what_the_schema_refuses_cannot_be_forced(ecas):
    """``--force`` overrides our judging, not the shape of the document: X003."""
    done = ecas("map", "bad/rating-out-of-list.json", "--force")

    assert done.returncode == 1
    assert "error X003" in done.stderr
    assert done.stdout == ""


def test_force_writes_what_is_held(ecas):
    """It never sends; the person knows why."""
    done = ecas("map", "bad/unknown-key.json", "--force")

    assert done.returncode == 0
    assert done.stdout.startswith("<?xml")


def test_a_date_without_a_specification_is_no_fault_of_ours(ecas, desk):
    """There is no package to build by, with or without force: exit code 3."""
    text = (desk / "export.json").read_text("utf-8")
    (desk / "old.json").write_text(text.replace('"authored": "2026', '"authored": "2016'), "utf-8")

    for force in ([], ["--force"]):
        done = ecas("map", "old.json", "--without-certification", *force, cwd=desk)
        assert done.returncode == 3, json.dumps(done.stderr)
        assert done.stdout == ""


def test_a_dash_is_no_payload(ecas):
    """It says that nothing of the name is there, not that standard output would be written over."""
    done = ecas("map", "-")

    assert (done.returncode, done.stderr) == (2, "ecas: - cannot be read: No such file or directory.\n")
