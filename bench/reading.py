"""Reading, in one process on one core: ``python -m bench.reading``.

Bundles beside what a straightforward engineer writes; rows beside ``csv.reader`` alone; a message beside ``hl7.parse``; ten times
the input beside once the input; and what ``ecas validate`` takes of memory for a CSV of 100 MB.
"""

from __future__ import annotations

import csv
import gc
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from typing import Final

import hl7

from adapters import hl7_text, registry
from adapters.mapping import AgencyMapping
from bench import exports, plain_fhir
from bench.bundles import bundles
from bench.figure import Figure, beside
from canonical.outcome import Document
from canonical.payload import Payload
from gateway_client.envelope import build
from service.judging import Judge
from service.sample_files import SAMPLES
from specs.catalog import Catalog
from specs.spec import Spec
from validators.engine import validate
from validators.roster import Roster

ROOT: Final = Path(__file__).parents[1]
BUNDLES: Final = 2_000
#: Bundles that one side reads before the other takes its turn: noise meets both.
_TURN: Final = 20
ROWS: Final = 10_000
_AT: Final = datetime(2026, 11, 16, tzinfo=UTC)
_AGENCY: Final = "riverbend"
#: What one of ours takes at most of the plain pipeline: it is to be four times as fast.
_AIM: Final = 0.25
#: What ten times the input may take.
_TEN_TIMES: Final = 12
_MEGABYTES: Final = 100
_MOST_MEMORY: Final = 300
#: Runs a command, and prints its exit code and the kilobytes that it held at most. It is a small process of its own: what starts
#: another is counted as that one's own until it is replaced.
_WEIGHED: Final = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), used.ru_maxrss)
"""


def reading() -> Iterator[str]:
    """Measure in a process of its own: nothing in it was read before."""
    command = [sys.executable, "-m", "bench.reading"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield from map(str.rstrip, process.stdout)


def of_bundles(spec: Spec, roster: Roster) -> Iterator[Figure]:
    """Bundles to validated XML, two tiers on every document: what is met for the first time, and the same again."""
    documents = list(bundles(spec, BUNDLES))

    def ours(content: bytes) -> Document:
        payload = Payload(content=content, name="bundle.json", agency=_AGENCY)
        (assessment,) = registry.read(payload).assessments
        report = validate(assessment, spec, roster, _AT)
        assert not report.findings
        return build(assessment, spec)

    def plain(content: bytes) -> Document:
        return build(plain_fhir.read(content, _AGENCY), spec)

    def plain_and_judged(content: bytes) -> Document:
        assessment = plain_fhir.read(content, _AGENCY)
        assert not validate(assessment, spec, roster, _AT).findings
        return build(assessment, spec)

    name = f"{BUNDLES:,} Bundles of 25 KB, each another: judged, to validated XML"
    for state in ("cold", "warm"):
        yield _in_turns(f"{name}, {state}", ours, "fhir.resources, a walk, the same XML", plain, documents)
    yield _in_turns(f"{name}, warm", ours, "the same, and judged by the same rules", plain_and_judged, documents)


def of_rows(spec: Spec, judge: Judge) -> Figure:
    """Rows of a CSV to reports, beside the rows alone."""
    payload, mapping = exports.payload(exports.DELIMITED, spec, ROWS), exports.mapping(exports.DELIMITED, spec)
    text = payload.content.decode()
    return beside(
        f"{ROWS:,} CSV rows x {exports.COLUMNS} columns: read, mapped, judged",
        lambda: _judged(payload, mapping, judge),
        "csv.reader alone",
        lambda: sum(1 for _ in csv.reader(io.StringIO(text, newline=""))),
        rounds=2,
        aim=inf,
    )


def of_a_message(spec: Spec) -> Iterator[Figure]:
    """A message of results, cut into its segments and then to an assessment, each beside its parsing by ``hl7``."""
    payload, mapping = exports.payload(exports.HL7V2, spec, 1), exports.mapping(exports.HL7V2, spec)
    first, last = payload.content.index(b"MSH"), payload.content.index(b"BTS")
    text = payload.content[first:last].decode()
    alone = Payload(content=payload.content[first:last], name="message.hl7", agency=_AGENCY)
    for name, ours, aim in (
        ("cut into segments and fields", lambda: _cut(alone), 1),
        ("read, mapped, every field accounted for", lambda: registry.read(alone, mapping=mapping), inf),
    ):
        yield beside(
            f"ORU^R01, {text.count('OBX|')} OBX: {name}",
            ours,
            "hl7.parse",
            lambda: hl7.parse(text),
            rounds=100,
            aim=aim,
        )


def of_growth(spec: Spec, judge: Judge) -> Iterator[Figure]:
    """Ten times the records beside once the records, each format as far as its limits allow."""
    for form, counts in (
        (exports.DELIMITED, (1_000, 10_000, 100_000)),
        (exports.WORKBOOK, (1_000, 10_000)),
        (exports.JSON, (100, 1_000)),
        (exports.XML, (100, 1_000)),
        (exports.HL7V2, (100, 1_000)),
    ):
        mapping = exports.mapping(form, spec)
        took = [_growing(exports.payload(form, spec, count), mapping, judge, count) for count in counts]
        for less, more, before, after in zip(counts, counts[1:], took, took[1:], strict=False):
            name = f"{form.format}: {more:,} records x {exports.COLUMNS}"
            yield Figure(name=name, ours=after, against=f"{less:,} records", baseline=before, aim=_TEN_TIMES)


def of_memory(spec: Spec) -> Iterator[str]:
    """The most that ``ecas validate`` ever held of a CSV of 100 MB: where all is right, and where each row has a finding."""
    with tempfile.TemporaryDirectory(prefix="ecas-bench-") as name:
        folder = Path(name)
        few = len(exports.payload(exports.DELIMITED, spec, 1_000).content) / 1_000
        payload = exports.payload(exports.DELIMITED, spec, round(_MEGABYTES * 1e6 / few))
        (folder / "export.csv").write_bytes(payload.content)
        (folder / "mapping.toml").write_text(exports.mapping_text(exports.DELIMITED, spec), "utf-8")
        command = [str(Path(sys.executable).with_name("ecas")), "validate", "export.csv", "--mapping", "mapping.toml"]
        roster = ["--roster", str(SAMPLES / "roster.csv")]
        for state, more, expected in (("all right", roster, 0), ("a finding in each row", [], 3)):
            began = time.perf_counter()
            told = subprocess.check_output([sys.executable, "-c", _WEIGHED, *command, *more], cwd=folder, text=True)
            code, kilobytes = map(int, told.split())
            assert code == expected
            peak = kilobytes * 1024 / 1e6
            met = "aim met" if peak < _MOST_MEMORY else "AIM MISSED"
            size = f"{len(payload.content) / 1e6:.0f} MB"
            said = f"memory: ecas validate, CSV of {size}, {state}"
            yield (
                f"{said:<74} {peak:6.0f} MB at most (aim < {_MOST_MEMORY}, {met}), {time.perf_counter() - began:.0f} s"
            )


def _in_turns(
    name: str, ours: Callable[[bytes], object], against: str, plain: Callable[[bytes], object], all_: Sequence[bytes]
) -> Figure:
    """Let both go through all documents once, a few at a time, and return what one document took of the processor."""
    took = [0.0, 0.0]
    for begin in range(0, len(all_), _TURN):
        for which, work in enumerate((ours, plain)):
            began = time.process_time()
            for content in all_[begin : begin + _TURN]:
                work(content)
            took[which] += time.process_time() - began
    each, other = (total / len(all_) for total in took)
    return Figure(name=name, ours=each, against=against, baseline=other, aim=_AIM)


def _cut(payload: Payload) -> int:
    """Cut a file into all its fields, and return how many there are."""
    file = hl7_text.split(payload.content, payload.name)
    assert isinstance(file, hl7_text.Hl7File)
    return sum(len(segment.fields()) for message in file.messages for segment in message.segments)


def _judged(payload: Payload, mapping: AgencyMapping, judge: Judge) -> int:
    """Read a payload and judge it as ``ecas validate`` does, one record after the other, and return how many there were."""
    stream = registry.read_each(payload, mapping=mapping)
    count = 0
    for assessment in stream:
        assert not judge.judge(assessment, _AT).findings
        count += 1
    assert stream.reading().ledger is not None
    return count


def _growing(payload: Payload, mapping: AgencyMapping, judge: Judge, count: int) -> float:
    """Return the processor's time, a child's included, the best of up to three: of the clock's, other work would take its part."""
    best = inf
    for _ in range(3 if count < ROWS else 1):
        began = sum(os.times()[:4])
        assert _judged(payload, mapping, judge) == count
        best = min(best, sum(os.times()[:4]) - began)
    return best


def _main() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    spec = Catalog().named("2026.1")
    roster = Roster.from_csv((SAMPLES / "roster.csv").read_bytes(), "roster.csv")
    judge = Judge(catalog=Catalog(), roster=roster)
    gc.freeze()
    gc.set_threshold(50_000)  # as service/cli/main.py has it, for both sides
    for figure in of_bundles(spec, roster):
        print(figure, flush=True)
    print(of_rows(spec, judge), flush=True)
    for figure in of_a_message(spec):
        print(figure, flush=True)
    for figure in of_growth(spec, judge):
        print(figure, flush=True)
    for line in of_memory(spec):
        print(line, flush=True)


if __name__ == "__main__":
    _main()
