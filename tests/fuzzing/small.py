"""Small files of every format and the mappings that read them: what fuzzing begins with."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from fhir_builders import SUBJECT, bundle, consent, coverage, item, patient, response

from adapters.agency_mapping import AgencyMapping
from adapters.mapping import load_mapping

ROOT: Final = Path(__file__).parents[2]
_DATA: Final = ROOT / "tests/adapters/data"
_ITEMS: Final = """
[items]
MEMBER_ID = {{ {id}, strip = "'", pad = 12 }}
MEMBER_LAST_NAME = {{ {name} }}
MEMBER_DOB = {{ {born}, date = ["%Y-%m-%d", "%Y%m%d", "%m/%d/%Y"] }}
LDF_SLEEP = {{ {sleep}, codes = "rating", empty = [] }}
LDF_FAMILY = {{ {sleep}, number = "." }}
SERVICE = {{ value = "OPT" }}
[codes.rating]
"Watchful" = "1"
"2" = "2"
"""


def _mapping(format_: str, head: str, **places: str) -> str:
    return f'agency = "riverbend"\nformat = "{format_}"\neffective = 2026-01-01\n{head}\n' + _ITEMS.format(**places)


_COLUMNS: Final = {
    "id": 'from = "RID"',
    "name": 'from = ["Last", "First"], join = ", "',
    "born": 'from = "DOB"',
    "sleep": 'from = "Sleep"',
}
_FIELDS: Final = {"id": "field = 1", "name": 'field = [2, 3], join = " "', "born": "field = 4", "sleep": "field = 5"}
_LONG: Final = 'layout = "long"\n[long]\nkey = ["RID"]\nitem = "Q"\nvalue = "A"'
_QUESTIONS: Final = {
    "id": 'from = "RID"',
    "name": 'question = "Last"',
    "born": 'question = "DOB"',
    "sleep": 'question = "Sleep"',
}
_TEXTS: Final = {
    "delimited": _mapping("delimited", 'empty = ["N/A"]', **_COLUMNS),
    "single": _mapping("delimited", 'quoting = "single"\nshort_records = "pad"\ndelimiter = ";"', **_COLUMNS),
    "backslash": _mapping("delimited", 'quoting = "backslash"', **_COLUMNS),
    "none": _mapping("delimited", 'quoting = "none"\nencoding = "windows-1252"\nheader_row = 2', **_COLUMNS),
    "long": _mapping("delimited", _LONG, **_QUESTIONS),
    "positional": _mapping("delimited", 'header = false\nfields = 6\ntrailer = "^"\ndelimiter = "|"', **_FIELDS),
    "workbook": _mapping("workbook", "", **_COLUMNS),
    "headers": _mapping("workbook", "header_rows = 2", **_COLUMNS),
    "json": _mapping(
        "json",
        'records = "visits"',
        id='from = "/agency"',
        name='from = "child/first"',
        born='from = "child/dob"',
        sleep="from = 'answers[code = \"Q7\"]/value'",
    ),
    "xml": _mapping(
        "xml",
        "",
        id='from = "recordTarget/patientRole/id[1]/@extension"',
        name='from = "recordTarget/patientRole/patient/name/*"',
        born='from = "recordTarget/patientRole/patient/birthTime/@value"',
        sleep="from = 'component/*/component/section[code/@code = \"LDF\"]/text'",
    ),
    "hl7v2": _mapping(
        "hl7v2",
        "",
        id="from = 'PID-3[5 = \"MA\"].1'",
        name='from = "PID-5"',
        born='from = "PID-7"',
        sleep="from = 'OBX[3.1 = \"LDF_SLEEP\"]-5.1'",
    ),
    "orders": _mapping(
        "hl7v2",
        'records = "OBR"',
        id='from = "PID-3.1"',
        name='from = "PID-5.1"',
        born='from = "PID-7"',
        sleep='from = "OBX[1]-5"',
    ),
    "fhir": _mapping(
        "fhir", 'release = "R4"', id='from = "a"', name='from = "b"', born='from = "c"', sleep='from = "LDF_SLEEP"'
    ),
}
_TABLE: Final = (
    'RID,Last,First,DOB,Sleep,Note\r\n\'42,Wren,"Z""oë",2015-05-21,Watchful,"a,\nb"\r\n\'43,Heron,Ng,05/21/2015,2,\r\n'
)
_RESPONSE: Final = response(
    item("LDF_SLEEP", valueCoding={"system": "urn:x", "code": "2"}),
    {"linkId": "group", "item": [item("LDF_COMMENT", valueString="a — b"), item("LDF_FAMILY", valueInteger=1)]},
    questionnaire="urn:ecas-bridge:questionnaire:five-through-twenty|2026.1",
    authored="2026-03-04T10:00:00-05:00",
    **SUBJECT,
)
_BUNDLE: Final = bundle(
    patient(name=[{"family": "Wren", "given": ["Zoë"]}], birthDate="2015-05-21", gender="female"),
    consent(type="permit"),
    coverage("000000000042"),
    _RESPONSE,
)
_FHIR_XML: Final = (
    '<QuestionnaireResponse xmlns="http://hl7.org/fhir"><contained><Patient><id value="p"/><name><family value="Wren"/>'
    '<given value="Zo&#235;"/></name><birthDate value="2015-05-21"/></Patient></contained><status value="completed"/>'
    '<subject><reference value="#p"/></subject><authored value="2026-03-04"/><item><linkId value="LDF_SLEEP"/><answer>'
    '<valueCoding><code value="2"/></valueCoding></answer></item><item><linkId value="LDF_COMMENT"/><answer>'
    '<valueString value="a"/></answer></item></QuestionnaireResponse>'
)
_VISITS: Final = {
    "agency": "riverbend",
    "visits": [
        {
            "child": {"first": "Zoë", "dob": "2015-05-21"},
            "answers": [{"code": f"Q{n}", "value": n % 4} for n in range(9)],
        }
        for _ in range(2)
    ],
}

#: A small good file of each format, by the name of a target or a mapping.
GOOD: Final[dict[str, bytes]] = {
    "delimited": _TABLE.encode(),
    "single": _TABLE.replace("'", "").replace(",", ";").replace('"', "'").encode("utf-16"),
    "backslash": _TABLE.replace('""', '\\"').encode("utf-8-sig"),
    "none": ("An export\n" + _TABLE.replace('"', "").replace("a,\nb", "a")).encode("windows-1252"),
    "long": b"RID,Q,A\n42,Last,Wren\n42,DOB,2015-05-21\n42,Sleep,2\n43,Sleep,Watchful\n",
    "positional": "42|Wren|Zoë|20150521|2|^\n43|Heron|Ng|20150521|1|^\n".encode(),
    "json": json.dumps(_VISITS, ensure_ascii=False).encode(),
    "xml": (_DATA / "ccda-assessment.xml").read_bytes(),
    "hl7v2": (_DATA / "oru-batch.hl7").read_bytes(),
    "fhir": json.dumps(_BUNDLE).encode(),
    "fhir-response": json.dumps(_RESPONSE).encode(),
    "fhir-xml": _FHIR_XML.encode(),
}


def text_of(name: str) -> str:
    """Return a mapping as its author wrote it."""
    return _TEXTS[name]


def names() -> tuple[str, ...]:
    """Return the names of all mappings."""
    return tuple(_TEXTS)


@cache
def mapping(name: str) -> AgencyMapping:
    """Return a mapping, loaded."""
    if name == "cbhi":
        return load_mapping(ROOT / "samples/cbhi/cans-export.toml")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mapping.toml"
        file.write_text(_TEXTS[name], "utf-8")
        return load_mapping(file)
