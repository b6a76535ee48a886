"""A small sound package, written in plain sight, and ways to spoil it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from specs.seal import seal

PACKAGE = """\
version = "2030.1"
title = "A small package"
publisher = "tests"
status = "provisional"
in_force = 2030-01-01
supersedes = ""
source = "invented"

[wire]
root = "Cans"
namespace = "urn:test:cans"

[consent]
item = "CONSENT"
full = ["given"]
"""

INSTRUMENTS = """\
[[instrument]]
code = "young"
title = "The young"
age = "0-4"

[[instrument.due]]
service = "*"
days = 180
cites = ["our assumption"]

[[instrument.due]]
service = "ICC"
days = 90
valid_to = 2035-12-31
cites = ["REQ-001"]

[[instrument.section]]
code = "DOC"
title = "Document"

[[instrument.section]]
code = "LDF"
title = "Life Domain Functioning"
comment = "LDF_COMMENT"

[[instrument]]
code = "older"
title = "The older"
age = "5-20"

[[instrument.section]]
code = "DOC"
title = "Document"

[[instrument.section]]
code = "LDF"
title = "Life Domain Functioning"
comment = "LDF_COMMENT"
"""

ITEMS = """\
item,instrument,section,label,type,required,required_when,codes,min,max,length,pattern,age,consent,sensitive,wire,cites
DOCUMENT_ID,,DOC,Document,identifier,yes,,,,,64,,,always,no,DocumentId,REQ-001
DOCUMENT_VERSION,,DOC,Version,integer,yes,,,1,99,,,,always,no,Version,our assumption
SUBMISSION_TYPE,,DOC,Submission type,text,yes,,,,,,,,always,no,,our assumption
INSTRUMENT,,DOC,Instrument,code,yes,,instrument,,,,,,always,no,Instrument,REQ-001
AGENCY_ID,,DOC,Agency,identifier,yes,,,,,,,,always,no,,our assumption
PROVIDER_ID,,DOC,Provider,identifier,no,,,,,,,,always,no,,our assumption
SERVICE,,DOC,Service,code,no,,service,,,,,,always,no,,our assumption
MEMBER_ID,,DOC,Member,identifier,yes,,,,,12,[0-9]{12},,always,no,Member/Id,REQ-001
MEMBER_LOCAL_ID,,DOC,Local number,identifier,no,,,,,,,,always,no,,our assumption
MEMBER_LAST_NAME,,DOC,Last name,text,yes,,,,,,,,always,no,,our assumption
MEMBER_FIRST_NAME,,DOC,First name,text,yes,,,,,,,,always,no,,our assumption
MEMBER_DOB,,DOC,Date of birth,date,yes,,,,,,,,always,no,Member/DateOfBirth,REQ-001
MEMBER_GENDER,,DOC,Gender,text,no,,,,,,,,always,no,,our assumption
ASSESSOR_NAME,,DOC,Assessor,text,yes,,,,,,,,always,no,,our assumption
ASSESSOR_KEY,,DOC,Key,identifier,yes,,,,,,,,always,yes,,our assumption
ASSESSMENT_DATE,,DOC,Assessed on,date,yes,,,,,,,,always,no,AssessmentDate,REQ-001
ASSESSMENT_TYPE,,DOC,Type,text,yes,,,,,,,,always,no,,our assumption
COMPLETION_STATUS,,DOC,Status,code,yes,,completion_status,,,,,,always,no,,our assumption
INCOMPLETE_REASON,,DOC,Reason,text,no,,,,,,,,always,no,,our assumption
CONSENT,,DOC,Consent,code,no,,consent,,,,,,always,no,,our assumption
LDF_SLEEP,young,LDF,Sleep,code,when,COMPLETION_STATUS=complete|paper;CONSENT,rating,,,,,2-,full,no,Life/Sleep,REQ-001;our assumption
LDF_COMMENT,,LDF,Comment,text,when,COMPLETION_STATUS=complete|paper,,,,4000,,,full,yes,Life/Comment,REQ-001
"""

CODES = """\
list,code,label,valid_from,valid_to
instrument,young,The young,,
instrument,older,The older,2030-01-01,2039-12-31
service,ICC,Intensive Care Coordination,,
completion_status,complete,Complete,,
completion_status,paper,On paper,,
completion_status,incomplete-final,Incomplete but final,,
consent,given,Given,,
consent,refused,Refused,,
rating,0,Rating 0,,
rating,1,Rating 1,,
"""

REQUIREMENTS = """\
id,text,strength,cites,not_checked_because
REQ-001,The assessment shall be whole.,SHALL,page 1,
REQ-002,The assessor shall be certified.,SHALL,page 2,
REQ-003,The child shall be seen.,SHALL,page 3,No file can show it.
REQ-004,The section should be read aloud.,SHOULD,page 4,
"""

RULE = """\
code = "B001"
title = "Assessed before birth"
severity = "error"
kind = "date_order"
first = "MEMBER_DOB"
then = "ASSESSMENT_DATE"
message = "The assessment date is before the date of birth."
why = "Ages are counted from it."
fix = "Compare the two dates."
desk = "own"
cites = ["REQ-001"]

[[pass]]
why = "on the day of birth"
answers = { MEMBER_DOB = "2030-03-01", ASSESSMENT_DATE = "2030-03-01" }

[[fail]]
why = "the day before"
answers = { MEMBER_DOB = "2030-03-01", ASSESSMENT_DATE = "2030-02-28" }
"""

DESKS = """\
[desks.own]
name = "Your own team"
handles = "The export."
say = "Please look at it."
"""

TRANSPORT = """\
auth = "none"
idempotency = true

[paths]
submit = "/v1/assessments"
status = "/v1/assessments/{tracking_id}"
query = "/v1/assessments?idempotency-key={idempotency_key}"

[receipt]
namespace = "urn:test:receipt"
key_reasons = ["KEY-UNKNOWN"]
max_bytes = 65536

[receipt.verdicts]
taken = "accepted"
refused = "rejected"
waits = "pending"

[second_try]
enabled = true

[retry]
schedule_seconds = [15, 120]
give_up_days = 7
retry_after_cap_seconds = 86400
poll_seconds = 3600

[short_clock]
tries = 3
wait_seconds = 2

[limits]
max_document_bytes = 1048576
max_in_flight = 16
connect_timeout_seconds = 5
total_timeout_seconds = 30

[lane]
waits_for_pending = false
"""


def certification() -> str:
    """Return a policy in which a valid key passes, an unknown one is held, and any other blocks."""
    others = (
        "valid_recertification_waived", "not_yet_certified", "expired", "conflict", "malformed",
        "awaiting_name_change", "awaiting_approval", "archived", "could_not_check",
    )  # fmt: skip
    words = 'title = "T"\nmessage = "M."\nwhy = "W."\nfix = "F."\ndesk = "own"\ncites = ["our assumption"]\n'
    return (
        'key_pattern = "[A-Z]{4}"\nvalidity_years = 2\nname_change_business_days = 10\n\n'
        '[[waiver]]\nbegins = 2030-03-01\ncites = ["our assumption"]\n\n'
        '[standings.valid]\naction = "pass"\n\n'
        f'[standings.unknown]\naction = "hold"\nhold = "unknown_key"\nrule = "C001"\n{words}\n'
        + "\n".join(
            f'[standings.{name}]\naction = "block"\nrule = "C{number:03}"\n{words}'
            for number, name in enumerate(others, start=2)
        )
        + f'\n[standings.duplicate]\naction = "warn"\nrule = "C011"\n{words}keep = "K."\narchive = "A."\n'
        + f'\n[refused_twice]\naction = "hold"\nhold = "key_refused"\nrule = "C012"\n{words}'
    )


WIRE = """\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:test:cans" targetNamespace="urn:test:cans"
           elementFormDefault="qualified">
  <xs:element name="Cans">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="DocumentId" type="xs:string"/>
        <xs:element name="Version" type="xs:integer"/>
        <xs:element name="Instrument" type="InstrumentCode"/>
        <xs:element name="Member" type="Member"/>
        <xs:element name="AssessmentDate" type="xs:date"/>
        <xs:element name="Life" type="Life" minOccurs="0"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
  <xs:complexType name="Member">
    <xs:sequence>
      <xs:element name="Id" type="xs:string"/>
      <xs:element name="DateOfBirth" type="xs:date"/>
    </xs:sequence>
  </xs:complexType>
  <xs:complexType name="Life">
    <xs:sequence>
      <xs:element name="Sleep" type="xs:string" minOccurs="0"/>
      <xs:element name="Comment" type="xs:string" minOccurs="0"/>
    </xs:sequence>
  </xs:complexType>
  <xs:simpleType name="InstrumentCode">
    <xs:restriction base="xs:string">
      <xs:enumeration value="young"/>
      <xs:enumeration value="older"/>
    </xs:restriction>
  </xs:simpleType>
</xs:schema>
"""

ACCEPTED = """\
{
  "why": "the least that is whole",
  "answers": {
    "MEMBER_DOB": "2030-03-01"
  }
}
"""

REJECTED = """\
{
  "why": "assessed the day before birth",
  "rules": ["B001"],
  "answers": {
    "MEMBER_DOB": "2030-03-01",
    "ASSESSMENT_DATE": "2030-02-28"
  }
}
"""


def sound_package() -> dict[str, str]:
    """Return the files of a package without a defect, by path."""
    return {
        "package.toml": PACKAGE,
        "instruments.toml": INSTRUMENTS,
        "items.csv": ITEMS,
        "codes.csv": CODES,
        "requirements.csv": REQUIREMENTS,
        "rules/B001.toml": RULE,
        "certification.toml": certification(),
        "transport.toml": TRANSPORT,
        "desks.toml": DESKS,
        "wire.xsd": WIRE,
        "examples/accepted/least.json": ACCEPTED,
        "examples/rejected/B001-before-birth.json": REJECTED,
        "NOTES.md": "Invented.\n",
    }


def write_package(directory: Path, files: Mapping[str, str]) -> Path:
    """Write a package's files, and seal it."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="")
    seal(directory)
    return directory


@pytest.fixture
def files() -> dict[str, str]:
    return sound_package()


@pytest.fixture
def write() -> Callable[[Path, Mapping[str, str]], Path]:
    return write_package


@pytest.fixture
def package(tmp_path, files) -> Path:
    return write_package(tmp_path / "2030.1", files)
