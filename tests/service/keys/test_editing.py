from __future__ import annotations

import re
import stat

import pytest

from service.roster.export import harmless

KEY = "EX-4711-0815"


@pytest.fixture
def added(ecas, service):
    """The ids of a person and a key that were added on the command line."""
    done = ecas(
        "keys",
        "add",
        "--name",
        "Ostrowski, Delphine",
        "--certified-on",
        "2025-03-11",
        "--agency",
        "riverbend",
        stdin=KEY,
    )
    assert done.returncode == 0, done.stderr
    (person,) = service.rosters.standing("riverbend").people
    return person.id, person.certificates[0].id


def test_what_is_edited_is_shown_with_its_history(ecas, added, service):
    """Name, dates, archive and evidence: each change is told with who made it, and the key is masked in all of it."""
    person, key = added
    said = []
    for arguments in (
        ("keys", "set", person, "--name", "Ostrowski-Vale, Delphine"),
        ("keys", "set", key, "--expires-on", "2027-03-11"),
        ("keys", "evidence", "add", key, "--seen-by", "R. Okafor", "--on", "2026-03-02"),
        ("keys", "archive", key),
        ("keys", "show", person),
        ("keys", "list"),
    ):
        done = ecas(*arguments, "--agency", "riverbend")
        assert done.returncode == 0, done.stderr
        said.append(done.stdout)
    shown = said[-2]
    assert "formerly  Ostrowski, Delphine until" in shown
    assert "seen: R. Okafor 2026-03-02" in shown
    assert re.findall(r" (added|changed|archived|evidence added) +operator", shown) == [
        "added", "changed", "changed", "evidence added", "archived",
    ]  # fmt: skip
    assert "••••••15" in said[-1]
    assert KEY not in "".join(said)


def test_evidence_keeps_the_digest_of_a_document_and_not_the_document(ecas, added, service, tmp_path):
    """The certificate shows the key: only what recognises it again is written down."""
    (tmp_path / "certificate.pdf").write_bytes(b"%PDF-1.7 " + KEY.encode())
    done = ecas("keys", "evidence", "add", added[1], "--pdf", "certificate.pdf", "--agency", "riverbend")
    assert done.returncode == 0, done.stderr
    (proof,) = service.rosters.standing("riverbend").evidence[added[1]]
    assert proof.document.startswith("sha-256:")
    assert proof.at is not None


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "asr_never"),
        ("archive", "crt_never"),
        ("set", "crt_never", "--status", "archived"),
        ("set", "asr_never", "--status", "archived"),
        ("set", "asr_never"),
        ("evidence", "add", "crt_never", "--note", "no proof"),
    ],
)
def test_what_cannot_be_is_wrong_usage(ecas, added, arguments):
    """An id that is nobody's, or an option that does not fit it: exit code 2 and a sentence."""
    done = ecas("keys", *arguments, "--agency", "riverbend")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ecas")


def test_another_agency_s_ids_are_nobody_s(ecas, added):
    """What one agency's roster holds cannot be shown or changed as another's."""
    for arguments in (("show", added[0]), ("archive", added[1])):
        assert ecas("keys", *arguments, "--agency", "harborlight").returncode == 2


def test_a_key_stands_on_a_roster_once(ecas, added):
    """Adding it again, under whatever name, is refused: a key belongs to one person."""
    done = ecas("keys", "add", "--name", "Abernathy, Solveig", "--agency", "riverbend", stdin=KEY)
    assert done.returncode == 2
    assert KEY not in done.stderr


def test_an_export_comes_back_in(ecas, added, service, tmp_path):
    """With keys, to a file that its owner alone may read; without them it is masked, and refused as a roster."""
    assert ecas("keys", "export", "--with-keys", "--agency", "riverbend").returncode == 2
    assert ecas("keys", "export", "--with-keys", "--out", "all.csv", "--agency", "riverbend").returncode == 0
    assert stat.S_IMODE((tmp_path / "all.csv").stat().st_mode) == 0o600
    assert "Nothing changes." in ecas("keys", "import", "all.csv", "--agency", "riverbend").stdout
    masked = ecas("keys", "export", "--agency", "riverbend").stdout
    assert KEY not in masked
    (tmp_path / "masked.csv").write_text(masked)
    assert "masked" in ecas("keys", "import", "masked.csv", "--agency", "riverbend").stderr


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\uff1d1", "O'Brien", "Peña", "'t Hooft"])
def test_no_exported_cell_is_a_formula(text):
    """What a spreadsheet would run is quoted; a name stays a name."""
    assert harmless(text) == (text if text[0].isalpha() or text[0] == "'" else f"'{text}")
