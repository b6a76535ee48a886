"""A small specification built by hand, and assessments against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import pytest

from canonical.assessment import Answer, Assessment, Source
from canonical.desk import Desk
from canonical.finding import Finding, HoldCause, Kind, Report, Severity
from canonical.verdict import Verdict
from specs.spec import (
    AgeRange,
    CertificationPolicy,
    Code,
    Condition,
    ConsentClass,
    Instrument,
    Item,
    Rule,
    Section,
    Spec,
    StandingPolicy,
    Status,
    Transport,
    Type,
    Waiver,
    Wire,
)
from validators.certification import Standing
from validators.engine import validate

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
COMPLETE = (Condition(item="COMPLETION_STATUS", values=("complete", "paper")),)
BABY, YOUTH = "birth-through-four", "five-through-twenty"


def item(code: str, type_: Type = Type.TEXT, **terms: object) -> Item:
    """Return a line of the dictionary."""
    terms.setdefault("instruments", ())
    terms.setdefault("section", code.split("_", maxsplit=1)[0])
    return Item(code=code, label=f"The label of {code}", type=type_, **terms)  # type: ignore[arg-type]


def clinical(code: str, **terms: object) -> Item:
    """Return a rating: required when complete, and only with consent."""
    terms.setdefault("required_when", COMPLETE)
    return item(code, Type.CODE, codes="rating", consent=ConsentClass.FULL, **terms)


ITEMS = (
    item("INSTRUMENT", Type.CODE, codes="instrument", required=True),
    item("ASSESSMENT_DATE", Type.DATE, required=True),
    item("COMPLETION_STATUS", Type.CODE, codes="completion_status", required=True),
    item("MEMBER_ID", Type.IDENTIFIER, required=True, pattern="[0-9]{12}"),
    item("MEMBER_LAST_NAME", length=10),
    item("MEMBER_DOB", Type.DATE, required=True),
    item("MEMBER_CHILDREN", Type.INTEGER, minimum=0, maximum=9),
    item("MEMBER_SEEN_AT", Type.DATETIME),
    item("MEMBER_TWIN", Type.BOOLEAN),
    item("ASSESSOR_NAME", required=True),
    item("ASSESSOR_KEY", Type.IDENTIFIER, required=True, sensitive=True),
    item("CONSENT", Type.CODE, codes="consent"),
    item("SED_DISORDER", Type.TRISTATE, required_when=COMPLETE),
    clinical("LDF_SLEEP"),
    clinical("LDF_SCHOOL", instruments=(YOUTH,)),
    clinical("LDF_MOTOR", instruments=(BABY,)),
    item("LDF_COMMENT", consent=ConsentClass.FULL, required_when=COMPLETE),
    clinical("TRA_JOB", instruments=(YOUTH,), age=AgeRange(youngest=14)),
)

CODES = {
    "instrument": (BABY, YOUTH),
    "completion_status": ("complete", "paper", "incomplete-final"),
    "consent": ("given", "refused", "withdrawn"),
    "rating": ("0", "1", "2", "3"),
}


def _words(action: str, rule: str, hold: HoldCause | None = None) -> StandingPolicy:
    return StandingPolicy(action=action, rule=rule, title=f"Title {rule}", message=f"Message {rule}.", hold=hold)


STANDINGS = {
    Standing.VALID: StandingPolicy(action="pass"),
    Standing.VALID_RECERTIFICATION_WAIVED: _words("pass", "C009"),
    Standing.NOT_YET_CERTIFIED: _words("block", "C002"),
    Standing.EXPIRED: _words("block", "C003"),
    Standing.UNKNOWN: _words("hold", "C001", HoldCause.UNKNOWN_KEY),
    Standing.CONFLICT: _words("block", "C004"),
    Standing.MALFORMED: _words("block", "C005"),
    Standing.AWAITING_NAME_CHANGE: _words("hold", "C006", HoldCause.NAME_CHANGE),
    Standing.AWAITING_APPROVAL: _words("hold", "C007", HoldCause.APPROVAL),
    Standing.ARCHIVED: _words("block", "C008"),
    Standing.DUPLICATE: replace(_words("warn", "C011"), keep="Keep this one.", archive="Archive this one."),
    Standing.COULD_NOT_CHECK: _words("hold", "C010", HoldCause.COULD_NOT_CHECK),
}

POLICY = CertificationPolicy(
    key_pattern="[A-Z]{2}-[0-9]{4}",
    validity_years=2,
    waivers=(Waiver(begins=date(2020, 3, 1)),),
    name_change_business_days=10,
    standings=STANDINGS,
    refused_twice=_words("hold", "C012", HoldCause.KEY_REFUSED),
)

TRANSPORT = Transport(
    submit="/v1/assessments",
    status="/v1/assessments/{tracking_id}",
    query=None,
    token=None,
    auth="none",
    idempotency=True,
    receipt_namespace="urn:receipt",
    verdicts={"accepted": Verdict.ACCEPTED},
    key_reasons=frozenset(),
    second_try=True,
    schedule=(timedelta(seconds=1),),
    give_up_after=timedelta(days=7),
    retry_after_cap=timedelta(days=1),
    poll_every=timedelta(hours=1),
    short_tries=1,
    short_wait=timedelta(seconds=1),
    connect_timeout=timedelta(seconds=1),
    total_timeout=timedelta(seconds=1),
    max_document_bytes=1000,
    max_receipt_bytes=1000,
    max_in_flight=1,
    waits_for_pending=False,
)


def build_spec(
    *more: Item, rules: tuple[Rule, ...] = (), codes: Mapping[str, Mapping[str, Code]] | None = None
) -> Spec:
    """Return the small specification, with more items (the same code replaces) and these rules."""
    items = {line.code: line for line in (*ITEMS, *more)}
    section = Section(code="LDF", title="Life Domain Functioning", comment="LDF_COMMENT")
    return Spec(
        version="test",
        title="Built by hand",
        publisher="the tests",
        status=Status.PROVISIONAL,
        in_force=date(2026, 1, 1),
        digest="sha-256:0",
        directory=Path(),
        source="",
        instruments={
            BABY: Instrument(code=BABY, title="", age=AgeRange(youngest=0, oldest=4), sections=(section,)),
            YOUTH: Instrument(code=YOUTH, title="", age=AgeRange(youngest=5, oldest=20), sections=(section,)),
        },
        items=items,
        codes={name: {value: Code(value=value, label=value) for value in values} for name, values in CODES.items()}
        | dict(codes or {}),
        rules=rules,
        requirements={},
        certification=POLICY,
        transport=TRANSPORT,
        desks={"own": Desk(id="own", name="Own team"), "cbhi": Desk(id="cbhi", name="CBHI")},
        wire=Wire(root="Root", namespace="urn:test"),
        schema=b"",
        consent_item="CONSENT",
        consent_full=frozenset({"given"}),
    )


#: A complete assessment of a nine-year-old with consent: nothing to find.
GOOD = {
    "INSTRUMENT": YOUTH,
    "ASSESSMENT_DATE": "2026-05-20",
    "COMPLETION_STATUS": "complete",
    "MEMBER_ID": "100000000001",
    "MEMBER_LAST_NAME": "Quill",
    "MEMBER_DOB": "2017-01-15",
    "ASSESSOR_NAME": "MAREN, TOVE",
    "ASSESSOR_KEY": "AB-1234",
    "CONSENT": "given",
    "SED_DISORDER": "no",
    "LDF_SLEEP": "1",
    "LDF_SCHOOL": "0",
    "LDF_COMMENT": "n/a",
}


def source(item_code: str) -> Source:
    """Return the place of an item in an invented file."""
    return Source(file="export.json", label=f"the place of {item_code}")


def assessment(answers: Mapping[str, str], *findings: Finding, agency: str | None = None) -> Assessment:
    """Return an assessment with these answers, each at its own place."""
    return Assessment(
        agency=agency,
        answers={code: Answer(text=text, source=source(code)) for code, text in answers.items()},
        origin=Source(file="export.json", label="the assessment"),
        findings=findings,
    )


Judge = Callable[..., Report]


@pytest.fixture(name="build_spec")
def _build_spec() -> Callable[..., Spec]:
    return build_spec


@pytest.fixture(name="make", scope="session")
def _make() -> Callable[..., Assessment]:
    return assessment


@pytest.fixture(name="at", scope="session")
def _at() -> datetime:
    return NOW


@pytest.fixture(name="flawless", scope="session")
def _flawless() -> Mapping[str, str]:
    return MappingProxyType(GOOD)


@pytest.fixture(name="good")
def _good() -> dict[str, str]:
    return dict(GOOD)


@pytest.fixture(name="policy")
def _policy() -> CertificationPolicy:
    return POLICY


@pytest.fixture(name="spec", scope="session")
def _spec() -> Spec:
    return build_spec()


@pytest.fixture(name="judge", scope="session")
def _judge(spec: Spec) -> Judge:
    """Judge the good assessment with some answers changed (None: left out), certification aside."""

    def judge(
        changes: Mapping[str, str | None] | None = None, *findings: Finding, by: Spec | None = None, **options: object
    ) -> Report:
        answers = {code: text for code, text in {**GOOD, **(changes or {})}.items() if text is not None}
        options = {"certification": False, **options}
        return validate(assessment(answers, *findings), by or spec, None, NOW, **options)  # type: ignore[arg-type]

    return judge


@pytest.fixture(name="unreadable")
def _unreadable() -> Callable[..., Finding]:
    """Return an adapter's finding that an item could not be read."""

    def finding(*items: str, severity: Severity = Severity.ERROR) -> Finding:
        return Finding(
            rule="A004",
            severity=severity,
            kind=Kind.READING,
            title="Unreadable",
            message="A value could not be read.",
            items=items,
            sources=tuple(source(code) for code in items),
        )

    return finding
