from __future__ import annotations

import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FINDING = {
    "rule", "severity", "kind", "title", "message", "items", "sources", "fix", "edit", "why", "desk", "cites", "docs",
    "fingerprint",
}  # fmt: skip


def findings(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    return json.loads(done.stdout)["findings"]


def test_the_json_report_has_exactly_the_promised_shape(ecas):
    """The keys of design.md section 8, the mappings and the ledger, and nothing else."""
    report = json.loads(ecas("validate", "bad", "--report", "json").stdout)

    assert set(report) == {
        "ecas_bridge",
        "spec",
        "checked",
        "conformance",
        "not_checked",
        "findings",
        "mappings",
        "ledger",
    }
    assert set(report["spec"]) == {"version", "status", "digest"}
    assert report["spec"]["status"] == "provisional"
    assert report["conformance"] == "does-not-conform"
    for finding in report["findings"]:
        assert set(finding) == FINDING
        assert finding["desk"] is None or set(finding["desk"]) == {"name", "email"}
        for source in finding["sources"]:
            assert set(source) == {"file", "line", "column", "pointer", "label"}


def test_an_unreadable_payload_keeps_the_shape(ecas):
    """Where nothing could be judged the specification's fields are null, and the keys stay."""
    report = json.loads(ecas("validate", "bad/not-a-payload.txt", "--report", "json").stdout)

    assert report["spec"] == {"version": None, "status": None, "digest": None}
    assert [finding["rule"] for finding in report["findings"]] == ["A001"]
    assert report["checked"] == 0


def test_leaving_certification_out_shows_everywhere(ecas, desk):
    """On purpose is not the same as unnoticed: every report says so."""
    done = ecas(
        "validate", "export.json", "--without-certification", "--report", "text", "--report", "json=r.json", cwd=desk
    )

    assert done.returncode == 0
    assert "conforms to the *provisional* 2026.1, with certification not checked" in done.stdout
    assert json.loads((desk / "r.json").read_text("utf-8"))["not_checked"] == ["certification"]


def test_several_reports_in_one_run(ecas, desk):
    """Files are for their owner alone; where all go to files, standard output gets the verdict."""
    wanted = [f"--report={name}={name}.out" for name in ("text", "json", "junit", "sarif", "github")]
    done = ecas("validate", "export.json", *wanted, cwd=desk)

    assert done.stdout.count("\n") == 2
    for name in ("text", "json", "junit", "sarif", "github"):
        assert stat.S_IMODE((desk / f"{name}.out").stat().st_mode) == 0o600
        assert (desk / f"{name}.out").stat().st_size


def test_a_folder_stands_for_its_payloads(ecas, office):
    """Sorted, without hidden files, Markdown, and what ecas.toml names as roster and mappings."""
    (office / "good/.hidden.json").write_text("{}")
    (office / "good/README.md").write_text("# Not a payload\n")
    try:
        report = json.loads(ecas("validate", ".", "--report", "json").stdout)
        files = [s["file"] for f in report["findings"] for s in f["sources"]]
    finally:
        (office / "good/.hidden.json").unlink()
        (office / "good/README.md").unlink()

    assert not any(name in file for file in files for name in (".hidden", "README", "roster", "mappings", "ecas.toml"))
    assert list(dict.fromkeys(files)) == sorted(set(files))


def test_an_empty_folder_is_wrong_usage(ecas, tmp_path):
    """Nothing to check is not a clean run."""
    assert ecas("validate", tmp_path).returncode == 2


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("indent", [None, 2])
def test_places_are_right_for_any_line_ending_and_width(ecas, desk, newline, mark, indent):
    """Line and column, in characters, lead to the very answer: CRLF, BOM, wide characters, one long line."""
    document = json.loads((ROOT / "samples/bad/rating-out-of-list.json").read_text("utf-8"))
    document = {"resourceType": document.pop("resourceType"), "id": "a", **document}
    patient = next(e["resource"] for e in document["entry"] if e["resource"]["resourceType"] == "Patient")
    patient["name"][0]["given"] = ["Zoë\u2028Ω平🐻"]
    text = json.dumps(document, indent=indent, ensure_ascii=False).replace("\n", newline)
    (desk / "wide.json").write_bytes((mark + text).encode("utf-8"))

    found = findings(ecas("validate", "wide.json", "--without-certification", "--report", "json", cwd=desk))
    (source,) = [f["sources"][0] for f in found if f["rule"] == "S004"]

    line = text.split("\n")[source["line"] - 1]
    answer = json.JSONDecoder().raw_decode(
        "\n".join([line[source["column"] - 1 :], *text.split("\n")[source["line"] :]])
    )[0]
    assert answer["valueCoding"]["code"] not in {"0", "1", "2", "3"}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_places_in_a_table_are_right_for_any_line_ending_and_width(ecas, office, newline, mark):
    """A cell behind wide characters is found at its own column."""
    text = (office / "bad/caredesk-unknown-rating-word.csv").read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    header, first, *rest = text.split("\n")
    names = header.split(",")
    rows = [first, *rest]
    wide = [
        ",".join("Ω平🐻" if names[n] == "Last" else cell for n, cell in enumerate(row.split(",")))
        if row and '"' not in row
        else row
        for row in rows
    ]
    file = office / "bad/wide.csv"
    content = newline.join([header, *wide])
    file.write_bytes((mark + content).encode("utf-8"))
    try:
        found = findings(ecas("validate", file, "--without-certification", "--report", "json"))
    finally:
        file.unlink()
    (source,) = [f["sources"][0] for f in found if f["rule"] == "A005"]

    line = content.split(newline)[source["line"] - 1]
    column = source["label"].rpartition("column ")[2]
    assert names.index(column) == line[: source["column"] - 1].count(",")
    assert line[source["column"] - 2] == ","


def test_no_value_of_a_record_is_in_any_report(ecas, desk):
    """A canary in every free field of a broken payload appears in no report of any format."""
    shutil.copy(ROOT / "samples/bad/rating-out-of-list.json", desk / "bird.json")
    document = json.loads((desk / "bird.json").read_text("utf-8"))

    def sing(value: object) -> object:
        if isinstance(value, dict):
            kept = (
                "resourceType",
                "url",
                "system",
                "reference",
                "fullUrl",
                "linkId",
                "status",
                "questionnaire",
                "type",
                "scope",
            )
            return {k: v if k in kept else sing(v) for k, v in value.items()}
        if isinstance(value, list):
            return [sing(inner) for inner in value]
        return f"CANARY{value}" if isinstance(value, str) else value

    (desk / "bird.json").write_text(json.dumps(sing(document)), "utf-8")
    formats = ["text", "json", "junit", "sarif", "github"]
    done = ecas("validate", "bird.json", *(f"--report={name}={name}.out" for name in formats), cwd=desk)

    told = [done.stdout, done.stderr, *((desk / f"{name}.out").read_text("utf-8") for name in formats)]
    assert done.returncode == 1
    assert not any("CANARY" in text for text in told)


#: What a check of these samples must not load: most of its cold start.
IDLE = {
    "no server and no database": (
        ["good/five-through-twenty.json", "good/caredesk-export.csv"],
        "fastapi sqlalchemy aiohttp rich pydantic_settings typer structlog cryptography lxml.isoschematron asyncio ssl",
    ),
    "of FHIR nothing that reads other formats": (
        ["good/five-through-twenty.json"],
        (
            "adapters.mapping adapters.mapped adapters.loss adapters.transforms adapters.parsed adapters.documents "
            "adapters.delimited adapters.dialect adapters.workbook adapters.xml_text adapters.hl7_text adapters.fhir_xml "
            "adapters.fhir_record service.fixtures.fixture service.edits.proposing service.reports.json_report python_calamine"
        ),
    ),
}


@pytest.mark.parametrize(("samples", "idle"), IDLE.values(), ids=IDLE)
def test_validating_imports_only_what_it_needs(samples, idle, office):
    """Each module is half a millisecond, and there are hundreds."""
    look = (
        f"import sys; from service.cli.main import outcome; code = outcome(['validate', *{samples!r}]); "
        f"print(sorted(set({idle.split()!r}) & set(sys.modules)), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", look],
        cwd=office,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stderr == "[]\n"
    assert done.returncode == 0


def test_the_samples_find_what_their_names_promise(ecas):
    """Each broken twin has its finding, with a place in its own file."""
    for finding in findings(ecas("validate", "bad", "--report", "json")):
        assert finding["sources"], finding["rule"]
        assert all(source["file"].startswith("bad/") for source in finding["sources"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "export.json", "--report", "json=export.json"),
        ("validate", "export.json", "--report", "json=same.out", "--report", "sarif=./same.out"),
        ("map", "export.json", "--out", "export.json"),
    ],
)
def test_nothing_is_written_over_what_was_sent(ecas, desk, arguments):
    """An output that is a payload, or named twice, is wrong usage; the file stays as it was."""
    before = (desk / "export.json").read_bytes()
    done = ecas(*arguments, "--without-certification", cwd=desk)
    assert done.returncode == 2
    assert "written over" in done.stderr
    assert (desk / "export.json").read_bytes() == before
    assert not (desk / "same.out").exists()
