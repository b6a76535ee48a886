"""``ecas demo``: the whole way of the samples, on real parts, in half a minute."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import click
import orjson
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from adapters import registry
from canonical.errors import EcasBridgeError
from canonical.payload import Payload
from canonical.submission import State
from service.cli.client import Client
from service.processes import Program, run
from service.rehearsal import hurried_package
from service.reports.run import Exit
from service.sample_files import SAMPLES
from service.settings import Settings

_AGENCY: Final = "riverbend"
_SETTLED: Final = frozenset({State.ACCEPTED, State.REJECTED, State.BLOCKED, State.HELD, State.STUCK, State.HANDED_OFF})
#: Seconds until everything must have found its end.
_PATIENCE: Final = 60
#: Characters that the table needs; a narrower terminal wraps its lines.
_WIDTH: Final = 150
_CONFORMANCE: Final = {
    "conforms": "[green]conforms[/]",
    "does-not-conform": "[red]does not[/]",
    "could-not-check": "[yellow]unchecked[/]",
}
_COLOURS: Final = {"accepted": "green", "blocked": "red", "held": "yellow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One sample of the demo, what happens to it on the road, and how it must end."""

    file: str
    state: State
    #: The least number of sends: more where the road is bad.
    attempts: int = 1
    #: The state's weather for its (only) document: lines of weather.toml.
    weather: str = ""
    #: What the demo says about it.
    story: str = ""
    #: The rule that the report must name.
    rule: str = ""


ACTS: Final = (
    Act(
        file="good/five-through-twenty.json",
        state=State.ACCEPTED,
        attempts=2,
        weather='times = 1\ndo = "unavailable"\nretry_after = 1',
        story="503 first, sent again",
    ),
    Act(
        file="good/birth-through-four.json",
        state=State.ACCEPTED,
        weather='times = 1\ndo = "drop-after-accept"',
        story="connection dropped, asked",
    ),
    Act(file="good/caredesk-export.csv", state=State.ACCEPTED),
    Act(
        file="bad/assessed-before-birth.json",
        state=State.BLOCKED,
        attempts=0,
        story="never sent",
        rule="B012",
    ),
    Act(
        file="bad/unknown-key.json",
        state=State.HELD,
        attempts=0,
        story="waits for its key",
        rule="C001",
    ),
)


@dataclass(slots=True, kw_only=True)
class Line:
    """One line of the table: an assessment and what became of it."""

    act: Act
    submission: Mapping[str, Any] = field(repr=False)
    report: Mapping[str, Any] = field(repr=False)

    def faults(self, effects: Mapping[str, int]) -> Iterator[str]:
        """Yield what is not as it must be; ``effects`` is what the state's own ledger says."""
        if self.submission["state"] != self.act.state:
            yield f"{self.act.file} ended {self.submission['state']}, not {self.act.state.value}"
        if self.submission["attempts"] < self.act.attempts:
            yield f"{self.act.file} took {self.submission['attempts']} attempts, not {self.act.attempts} or more"
        if self.act.rule and self.act.rule not in {finding["rule"] for finding in self.report["findings"]}:
            yield f"{self.act.file} was stopped without {self.act.rule}"
        expected = 1 if self.act.state is State.ACCEPTED else 0
        if effects.get(self.submission["document_id"], 0) != expected:
            yield f"{self.act.file}: the state's ledger counts {effects.get(self.submission['document_id'], 0)} effects"


@click.command(epilog="Example:  ecas demo")
@click.option("--keep", type=click.Path(path_type=Path), help="Keep everything that was written in this new folder.")
def command(*, keep: Path | None) -> int:
    """Deliver the samples to a sandbox: real processes on free loopback ports, a fresh database, the weather of a bad day."""
    started = time.monotonic()
    console = Console(width=max(_WIDTH, Console().width))
    with _stage(keep) as stage, stage.running() as client:
        lines = _play(stage, client, console)
        effects = stage.effects()
    console.print(_table(lines))
    _show_stopped(lines, console)
    faults = [fault for line in lines for fault in line.faults(effects)]
    faults += [f"the {name} ended with {code}" for name, code in stage.codes.items() if code]
    for fault in faults:
        console.print(f"[red]not as expected:[/] {fault}")
    states = Counter(line.submission["state"] for line in lines)
    told = ", ".join(f"{number} {state}" for state, number in states.most_common())
    console.print(f"\n{len(lines)} assessments: {told}. {time.monotonic() - started:.0f} s. Nothing was left running.")
    console.print("Judged by the [italic]provisional[/] package: the eCAS Technical Specifications are not public.")
    return Exit.OURS if faults else Exit.CLEAN


@dataclass(slots=True, kw_only=True)
class Stage:
    """The demo's own folder, and the programs that run in it."""

    folder: Path
    environment: dict[str, str]
    programs: list[Program] = field(default_factory=list)
    codes: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def running(self) -> Iterator[Client]:
        """Start sandbox, service and worker; end them whatever happens, and keep their exit codes."""
        try:
            (self.folder / "weather.toml").write_text(_weather(), "utf-8")
            self.environment["ECAS_GATEWAY_URL"] = self._start(
                "sandbox", "--port", "0", "--ledger", "ledger.jsonl", "--weather", "weather.toml"
            ).address()
            key = self._run("agencies", "add", _AGENCY).splitlines()[-1]
            self._run("keys", "import", str(SAMPLES / "roster.csv"), "--agency", _AGENCY)
            url = self._start("serve", "--port", "0").address()
            self._start("work")
            yield Client(Settings.model_validate({"url": url, "api_key": key, "data_dir": self.folder}))
        finally:
            for program in reversed(self.programs):
                self.codes[program.name] = program.end()

    def effects(self) -> dict[str, int]:
        """Return how often each document took effect, from the state's own ledger."""
        with urlopen(f"{self.environment['ECAS_GATEWAY_URL']}/_sandbox/ledger") as answer:  # noqa: S310 - our own sandbox
            return {row["document_id"]: row["effects"] for row in orjson.loads(answer.read())["documents"]}

    def _start(self, *arguments: str) -> Program:
        log = self.folder / f"{arguments[0]}.log"
        self.programs.append(Program(arguments, folder=self.folder, settings=self.environment, log=log))
        return self.programs[-1]

    def _run(self, *arguments: str) -> str:
        return run(arguments, folder=self.folder, settings=self.environment)


@contextmanager
def _stage(keep: Path | None) -> Iterator[Stage]:
    """Make the folder, with a copy of the package whose schedule a person can watch; remove it at the end."""
    if keep is not None:
        keep.mkdir(parents=True, mode=0o700)
    folder = (keep or Path(tempfile.mkdtemp(prefix="ecas-demo-"))).resolve()
    try:
        yield Stage(
            folder=folder,
            environment={
                "ECAS_DATA_DIR": str(folder / "var"),
                "ECAS_SPEC_PATH": str(hurried_package(folder / "specs")),
                "ECAS_MAPPING_PATH": str(SAMPLES / "mappings"),
            },
        )
    finally:
        if keep is None:
            shutil.rmtree(folder)


def _weather() -> str:
    """Write the script: each spell meets the document of its sample and no other."""
    spells = (
        f"[[weather]]\nmatch = {{ document_id = '{_document_id(act.file)}' }}\n{act.weather}\n"
        for act in ACTS
        if act.weather
    )
    return "\n".join(spells)


def _content(act: Act) -> bytes:
    """Return the sample; a broken twin gets a document id of its own, for it is another assessment here."""
    content = (SAMPLES / act.file).read_bytes()
    if act.state is State.ACCEPTED:
        return content
    return content.replace(_document_id(act.file).encode(), f"demo-{act.state}".encode())


def _document_id(file: str) -> str:
    payload = Payload(content=(SAMPLES / file).read_bytes(), name=file, agency=_AGENCY)
    (assessment,) = registry.read(payload).assessments
    return assessment.text("DOCUMENT_ID") or ""


def _play(stage: Stage, client: Client, console: Console) -> list[Line]:
    """Submit every sample and wait until each of its assessments has found its end."""
    acts: dict[str, Act] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=not sys.stdout.isatty()) as progress:
        submitted = progress.add_task("submitted", total=len(ACTS))
        for number, act in zip(count(1), ACTS, strict=False):
            answer = client.post("/v1/submissions", _content(act), idempotency_key=f"demo-{number}", format="auto")
            if not answer.ok:
                raise DemoFailed(f"The service refused {act.file} ({answer.status}).")
            acts |= {one["id"]: act for one in answer.data["submissions"]}
            progress.advance(submitted)
        settled = progress.add_task("settled", total=len(acts))
        for entries in _until_settled(client, stage):
            progress.update(settled, completed=sum(entry["state"] in _SETTLED for entry in entries))
    by_id = {entry["id"]: entry for entry in entries}
    return [
        Line(act=act, submission=by_id[id_], report=client.get(f"/v1/submissions/{id_}/report").data)
        for id_, act in acts.items()
    ]


class DemoFailed(EcasBridgeError):
    """The demo did not come to its end."""


def _until_settled(client: Client, stage: Stage) -> Iterator[Sequence[Mapping[str, Any]]]:
    """Yield the submissions again and again, until none of them is on its way any more."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        entries = client.get("/v1/submissions", limit=500).data["submissions"]
        yield entries
        if all(entry["state"] in _SETTLED for entry in entries):
            return
        dead = [program.name for program in stage.programs if program.process.poll() is not None]
        if dead or time.monotonic() > deadline:
            raise DemoFailed(
                f"Not everything was settled in {_PATIENCE} s; ended too early: {', '.join(dead) or 'none'}."
            )
        time.sleep(0.2)


def _table(lines: Sequence[Line]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("assessment", "ours", "state", "sends", "the state says", "receipt", "on the way"):
        table.add_column(heading, no_wrap=True)
    for line in lines:
        entry = line.submission
        colour = _COLOURS.get(entry["state"], "white")
        table.add_row(
            f"{Path(line.act.file).name} #{entry['ordinal'] + 1}",
            _CONFORMANCE[line.report["conformance"]],
            f"[{colour}]{entry['state']}[/]",
            str(entry["attempts"]),
            entry["verdict"] or "",
            entry["receipt"] or "",
            line.act.story,
        )
    return table


def _show_stopped(lines: Sequence[Line], console: Console) -> None:
    """Show why something did not leave, in the words of its report."""
    for line in lines:
        if line.submission["state"] in (State.BLOCKED, State.HELD):
            console.print(f"\n[bold]{line.act.file}[/] {line.submission['state']}")
            for finding in line.report["findings"]:
                if finding["severity"] == "error":
                    _show(finding, console)


def _show(finding: Mapping[str, Any], console: Console) -> None:
    """Show one finding: what, where, how to mend it, whom to ask."""
    places = [
        f"line {place['line']}, {place['label']}" if place["line"] else place["label"] for place in finding["sources"]
    ]
    told = {
        "where": "; ".join(places),
        "what": finding["message"],
        "fix": finding["fix"],
        "ask": finding["desk"]["name"] if finding["desk"] else "",
    }
    console.print(f"  [bold]{finding['rule']}[/] {finding['title']}", highlight=False)
    for name, text in told.items():
        if text:
            console.print(Padding(f"{name:<6} {text}", (0, 0, 0, 4)), highlight=False)
