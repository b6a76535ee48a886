"""The corpus given to the commands: whatever a file is, it ends with an answer, in little memory, and nobody is called.

Here all small files of rare kinds and some of the others; ``make campaign`` takes every file, and looks at the seconds, too.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hostile.command_costs import Bench, chosen
from hostile.corpus import HostileFile
from hostile.watch import WORD, watched

pytestmark = pytest.mark.timeout(600)
HERE = Path(__file__).parent
MB = 1_000_000
#: Bytes of a file, here; the parsers get larger ones in test_parsers.py.
LARGEST = 100_000
SHARE = 18
#: What a command may say: clean, findings, wrong usage, could not check. Never: our own fault, or a signal.
CODES = {0, 1, 2, 3}


def test_whatever_the_file_a_command_answers(tmp_path):
    """No fault of ours, no silence, no growth by 64 MB over what the process held, and nobody is called.

    One test, so that the long run is made once however the tests are shared out.
    """
    arguments = [str(HERE / "command_costs.py"), str(tmp_path), str(LARGEST), str(SHARE)]
    process = watched(arguments, tmp_path, patience=500)
    assert process.code == 0, f"it ended at: {process.stderr.splitlines()[-1:]}"
    costs = [json.loads(line) for line in process.stdout.splitlines()]
    assert len(costs) > 700
    assert {(cost["command"], cost["format"]) for cost in costs} >= {
        *(("validate", one) for one in ("fhir", "delimited", "workbook", "json", "xml", "hl7v2", "mapping", "roster")),
        *((one, "delimited") for one in ("why", "fields", "map", "fix", "init")),
        ("check", "mapping"),
    }
    assert [cost for cost in costs if cost["raised"] or cost["code"] not in CODES] == []
    assert [cost for cost in costs if cost["silent"]] == []
    assert [cost for cost in costs if cost["grown"] > 64 * MB] == []
    # No connection, no name looked up, nothing opened that a file asks for; in workers neither.
    assert process.reached == ()
    assert [cost for cost in costs if cost["leaked"]] == []


def _few() -> list[HostileFile]:
    """Return one or two files of each format."""
    wanted = {"damaged", "billion laughs", "zip bombs", "bombs", "injected segments", "lone surrogates"}
    found: dict[tuple[str, str], HostileFile] = {}
    for file, _ in chosen(LARGEST, SHARE):
        if file.kind in wanted:
            found.setdefault((file.format, file.kind), file)
    return list(found.values())


@pytest.mark.parametrize("file", _few(), ids=lambda file: f"{file.format} {file.kind}")
def test_a_process_of_its_own_ends_as_well(file, tmp_path):
    """One file, one process, as an agency runs it."""
    bench = Bench(tmp_path)
    arguments = bench.arguments("validate", file, bench.put(file, 1))
    assert arguments is not None
    done = watched(["-m", "service", *arguments], tmp_path, patience=60)
    assert done.code in CODES
    assert done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert WORD not in done.stdout + done.stderr
    assert done.reached == ()


def test_a_folder_of_them_is_gone_through_to_its_end(tmp_path):
    """Many files in one process, the mapping of each chosen by what the file looks like."""
    bench, count = Bench(tmp_path), 0
    (tmp_path / "ecas.toml").write_text('agency = "riverbend"\nmapping_path = "mappings"\n')
    (tmp_path / "mappings").mkdir()
    for name in ("delimited", "json", "xml", "hl7v2", "workbook"):
        Path(bench.mapping(name)).replace(tmp_path / f"mappings/{name}.toml")
    bench.folder = tmp_path / "exports"
    bench.folder.mkdir()
    for number, (file, _) in enumerate(chosen(5_000, SHARE * 20)):
        if file.format not in ("mapping", "roster"):
            bench.put(file, number)
            count += 1
    assert count > 200
    done = watched(
        ["-m", "service", "validate", "exports", "--without-certification", "--report", "json"], tmp_path, 120
    )
    assert done.code == 1
    assert "Traceback" not in done.stderr
    assert done.reached == ()
    told = {source["file"] for finding in json.loads(done.stdout)["findings"] for source in finding["sources"]}
    assert len(told) > count * 0.9


@pytest.mark.parametrize(
    "program",
    [
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
        "import socket; socket.getaddrinfo('agency.example', 80)",
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import socket; socket.socket().connect((\"127.0.0.1\", 9))'], env={})",
    ],
)
def test_a_call_would_be_noticed(program, tmp_path):
    """Whoever calls somebody is seen, in a process that it starts as well."""
    assert watched(["-c", program], tmp_path, patience=30).reached != ()


def test_a_connection_behind_the_back_of_python_would_be_noticed(tmp_path):
    """A library in C that connects is seen by who listens."""
    program = (
        "import ctypes, os, struct; host, port = os.environ['HOSTILE_HOST'].split(':');"
        "c = ctypes.CDLL(None); s = c.socket(2, 1, 0);"
        "c.connect(s, struct.pack('<H', 2) + struct.pack('>H', int(port)) + bytes(map(int, host.split('.'))) + bytes(8), 16)"
    )
    assert watched(["-c", program], tmp_path, patience=30).reached != ()
