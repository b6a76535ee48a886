"""Reads and judges payload files by the settings that stand beside them, and by what the command line chose."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from adapters import registry
from canonical.assessment import Assessment, Reading
from canonical.finding import Report
from canonical.payload import Payload
from service import settings
from service.cli import payload_files
from service.cli.judging_options import Choices
from service.cli.mapping_choice import MappingChoice
from service.clock import utc_now
from service.judging import Judge, located
from service.reports.run import Checked
from service.settings import Settings
from specs.catalog import Catalog
from specs.spec import Spec
from validators.roster import Roster

if TYPE_CHECKING:
    from pydantic import SecretStr

    from adapters.mapping import AgencyMapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One payload, read and judged."""

    payload: Payload
    #: The mapping that it was read with; None where it needed none.
    mapping: AgencyMapping | None
    reading: Reading
    #: Each assessment with its report.
    judged: list[tuple[Assessment, Report]]
    #: What judged, to be asked for the specification of an assessment.
    judge: Judge
    #: When.
    at: datetime

    def checked(self, *, edits: bool = False) -> Checked:
        """Return what reports tell about it, with lines and columns; on request with edits, which hold values."""
        own, *found = located(self.payload, self.reading, self.reading.findings, *(r.findings for _, r in self.judged))
        reports = [replace(report, findings=group) for (_, report), group in zip(self.judged, found, strict=True)]
        if edits:
            reports = with_edits(reports, self.payload, self.reading.format, self.mapping, self.judge, self.at)
        return Checked(
            name=self.payload.name,
            findings=own,
            assessments=tuple((a.origin, report) for (a, _), report in zip(self.judged, reports, strict=True)),
            ledger=self.reading.ledger,
            dialect=self.reading.dialect,
        )


class Checker:
    """Examines payload files one by one; what several of them share is read once."""

    def __init__(self, choices: Choices, at: datetime) -> None:
        """Take what the command line chose and the moment of judging."""
        self._choices = choices
        self._at = at
        self._settings: dict[Path, Settings] = {}
        self._mappings = MappingChoice()
        self._judges: dict[tuple[tuple[Path, ...], str | None, Path | None], Judge] = {}

    def examine(self, path: Path, content: bytes | None = None) -> Examined:
        """Read and judge one file, or other content as if it stood there.

        Raises:
            ConfigurationError: the file, its settings, mapping, roster or specification cannot be used.
        """
        chosen, payload, mapping = self._opened(path, content)
        reading = registry.read(payload, format=self._choices.format, mapping=mapping)
        judge = self._judge(chosen)
        judged = judge.judge_reading(reading, self._at)
        return Examined(payload=payload, mapping=mapping, reading=reading, judged=judged, judge=judge, at=self._at)

    def check(self, path: Path, *, edits: bool = False) -> Checked:
        """Read and judge one file, one assessment after the other: memory holds the reports, and no answers.

        On request with edits, which hold values.

        Raises:
            ConfigurationError: as ``examine``.
        """
        chosen, payload, mapping = self._opened(path)
        judge = self._judge(chosen)
        stream = registry.read_each(payload, format=self._choices.format, mapping=mapping)
        named = stream.reading().mapping
        reports = [(one.origin, judge.judge(one, self._at, mapping=named)) for one in stream]
        reading = stream.reading()
        own, *found = located(payload, reading, reading.findings, *(report.findings for _, report in reports))
        told = [
            replace(report, findings=group) if group else report
            for (_, report), group in zip(reports, found, strict=True)
        ]
        if edits:
            told = with_edits(told, payload, reading.format, mapping, judge, self._at)
        assessments = tuple((origin, report) for (origin, _), report in zip(reports, told, strict=True))
        return Checked(
            name=payload.name,
            findings=own,
            assessments=assessments,
            ledger=reading.ledger,
            dialect=reading.dialect,
        )

    def opened(self, path: Path) -> tuple[Payload, AgencyMapping | None]:
        """Return a file, and the mapping that reads it.

        Raises:
            ConfigurationError: as ``examine``.
        """
        _, payload, mapping = self._opened(path)
        return payload, mapping

    def _opened(self, path: Path, content: bytes | None = None) -> tuple[Settings, Payload, AgencyMapping | None]:
        """Return a file with the settings that stand beside it, and the mapping that reads it."""
        chosen = self._settings_for(path)
        content = payload_files.read(path) if content is None else content
        payload = Payload(content=content, name=payload_files.name_of(path), agency=chosen.agency)
        format_ = self._choices.format or registry.detect(payload)
        day = self._choices.dated or self._at.date()
        mapping = (
            self._mappings.choose(payload, format_, self._choices.mapping, chosen.mapping_path, day)
            if format_
            else None
        )
        return chosen, payload, mapping

    def spec_for(self, examined: Examined, assessment: Assessment) -> Spec:
        """Return the package that judged this assessment.

        Raises:
            NoSpecInForce: none did.
        """
        return examined.judge.spec_for(assessment, self._at.date())

    def sending(self, examined: Examined) -> Spec:
        """Return the package whose document would be sent today.

        Raises:
            NoSpecInForce: there is none.
        """
        return examined.judge.sending(self._at.date())

    def _settings_for(self, path: Path) -> Settings:
        folder = path.parent
        if folder not in self._settings:
            self._settings[folder] = settings.load(path)
        return self._settings[folder]

    def _judge(self, chosen: Settings) -> Judge:
        roster = (self._choices.roster or chosen.roster) if self._choices.certification else None
        named = self._choices.spec or chosen.spec
        key = (chosen.spec_path, named, roster)
        if key not in self._judges:
            catalog = Catalog(*chosen.spec_path)
            self._judges[key] = Judge(
                catalog=catalog,
                roster=read_roster(roster) if roster else None,
                spec=catalog.named(named) if named else None,
                certification=self._choices.certification,
            )
        return self._judges[key]


def with_edits(
    reports: Sequence[Report],
    payload: Payload,
    format_: str,
    mapping: AgencyMapping | None,
    judge: Judge,
    at: datetime,
) -> list[Report]:
    """Return these reports with an edit for each mechanical fault that a program can tell how to mend."""
    from service.edits.proposing import Proposer  # noqa: PLC0415 - a plain check needs none of it

    proposer = Proposer(payload=payload, format=format_, mapping=mapping, today=at.date())
    return proposer.of_reports(reports, judge.spec_of)


def read_roster(path: Path) -> Roster:
    """Read a roster of certification keys: CSV, a workbook, or a snapshot of one that the service keeps.

    Raises:
        ConfigurationError: it cannot be read, or rows of it are broken.
        SnapshotTooOld: it is a snapshot that says nothing about today any more.
    """
    name = payload_files.name_of(path)
    content = payload_files.read(path)
    if content.startswith(b"ecas roster snapshot"):
        return _read_snapshot(content, name, settings.load(path).snapshot_key)
    if content.startswith(b"PK"):
        from service.roster import file as roster_file  # noqa: PLC0415 - a process of its own reads workbooks

        return roster_file.read_content(content, name)
    return Roster.from_csv(content, name)


def _read_snapshot(content: bytes, name: str, key: SecretStr | None) -> Roster:
    """Read a snapshot, and say how old it is."""
    from service.roster import snapshot  # noqa: PLC0415 - brings cryptography, which a plain check does not need

    now = utc_now()
    roster = snapshot.read(content, name, key=key.get_secret_value() if key else None, now=now)
    sys.stderr.write(f"{roster.told(now)}\n")
    return roster
