"""``make bench``."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
from fhir.resources.R4B.bundle import Bundle

from adapters import registry
from bench.delivery import delivery
from bench.figure import Figure, beside
from bench.intake import intake
from bench.keys import import_of_2000, import_of_the_same
from bench.reading import reading
from bench.rules import beside_fhirpath, declarative, load_package
from bench.standing import one_standing
from canonical.payload import Payload
from gateway_client.envelope import build
from service.sample_files import SAMPLES
from specs.catalog import Catalog
from validators.engine import validate
from validators.roster import Roster

SAMPLE = SAMPLES / "good" / "five-through-twenty.json"


def cold_start() -> Figure:
    """``ecas validate`` on one sample, a fresh process, beside the bare import of what it cannot do without."""
    ecas = Path(sys.executable).with_name("ecas")
    return beside(
        "cold start: ecas validate, one 20 KB Bundle",
        lambda: _run([str(ecas), "validate", str(SAMPLE)]),
        "python -c 'import R4B.bundle, lxml.etree'",
        lambda: _run([sys.executable, "-c", "import fhir.resources.R4B.bundle, lxml.etree"]),
        rounds=15,
        aim=1.6,
    )


def warm() -> Figure:
    """A Bundle read, judged and mapped to its XML, warm, beside plain fhir.resources parsing of the same bytes."""
    content = SAMPLE.read_bytes()
    payload = Payload(content=content, name="sample", agency="riverbend")
    spec = Catalog().named("2026.1")
    roster = Roster.from_csv((SAMPLES / "roster.csv").read_bytes(), "roster.csv")
    at = datetime(2026, 11, 16, tzinfo=UTC)

    def ours() -> None:
        (assessment,) = registry.read(payload).assessments
        report = validate(assessment, spec, roster, at)
        assert not report.blocks
        build(assessment, spec)

    return beside(
        f"warm: {len(content) / 1024:.0f} KB Bundle read, judged, mapped",
        ours,
        "fhir.resources: Bundle.model_validate",
        lambda: Bundle.model_validate(orjson.loads(content)),
        rounds=200,
        aim=1.3,
    )


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


for figure in (
    cold_start,
    warm,
    one_standing,
    declarative,
    beside_fhirpath,
    load_package,
    import_of_2000,
    import_of_the_same,
):
    print(figure(), flush=True)
for line in reading():
    print(line, flush=True)
for line in intake():
    print(line, flush=True)

for line in delivery():
    print(line, flush=True)
