"""What a sender calls its file is kept nowhere in the service, by whatever road it comes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from canary_flight import Flight
from canary_payloads import Writer, assessor
from canary_search import Searcher
from canary_tokens import Mint

from service.sample_files import SAMPLES

NAME = "amaral-finch_teodoro_2014-05-02"
#: Headers by which programs tell what a file is called.
HEADERS = {
    "Content_Disposition": f'attachment; filename="{NAME}.json"',
    "Content_Location": f"/export/{NAME}.json",
    "Content_Type": f'application/fhir+json; name="{NAME}.json"',
    "Content_Description": NAME,
    "X_File_Name": f"{NAME}.csv",
    "Slug": NAME,
    "Link": f"<file:///{NAME}>; rel=describedby",
}


@pytest.fixture
def flight(tmp_path):
    (tmp_path / "tmp").mkdir()
    settings = {
        "ECAS_DATA_DIR": str(tmp_path / "var"),
        "ECAS_MAPPING_PATH": str(SAMPLES / "mappings"),
        "ECAS_LOG_LEVEL": "debug",
        "TMPDIR": str(tmp_path / "tmp"),
    }
    flight = Flight(tmp_path, settings, Mint(5))
    try:
        flight.settings["ECAS_API_KEY"] = flight.command("agencies", "add", "riverbend").splitlines()[-1]
        flight.serve()
        yield flight
    finally:
        flight.end()


def test_no_name_of_a_file_is_kept(flight):
    """Headers, members of JSON and of Bundles, and the command that reads a file: none of them leaves its name behind."""
    writer = Writer(flight.mint, [assessor(flight.mint)], words=2)
    for path in ("/v1/submissions", "/fhir", "/v1/validate", "/v1/map"):
        for payload in (writer.good(), writer.rows(), writer.broken()[0], writer.broken()[25]):
            flight.send(payload, path, **HEADERS)
            flight.send(payload, f"{path}?filename={NAME}&file={NAME}.json", **HEADERS)
    bundle = json.loads(writer.good_bundle().content)
    bundle["entry"].append({"resource": {"resourceType": "Binary", "id": NAME, "contentType": f"a/{NAME}", "data": ""}})
    bundle["identifier"] = {"value": f"{NAME}.json"}
    for path in ("/fhir", "/v1/submissions"):
        assert flight.ask("POST", path, json.dumps(bundle).encode(), Idempotency_Key=path, **HEADERS).status in {
            200,
            202,
        }
    file = flight.folder / f"{NAME}.json"
    file.write_bytes(writer.good().content)
    said = flight.command("submit", str(file))
    file.unlink()
    assert NAME in said  # on the sender's own terminal
    shown = [flight.ask("GET", f"/v1/submissions/{one['id']}/report").body for one in flight.submissions()]
    assert len(shown) > 3
    while_running = _everything(flight.folder)
    flight.end()
    for place, content in {**while_running, **_everything(flight.folder), "reports": b"".join(shown)}.items():
        assert NAME.encode() not in content, place
    assert [leak for leak in flight.leaks if "file name" in leak.place] == []
    assert Searcher().look_everywhere(flight.folder / "var") == []


def _everything(folder: Path) -> dict[str, bytes]:
    """Return the names and the contents of all that the service wrote."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert any(file.suffix == ".log" for file in files)
    return {
        "names": "\n".join(map(str, files)).encode(),
        **{file.relative_to(folder).as_posix(): file.read_bytes() for file in files},
    }
