"""What shows each check of reading: small payloads that pass it and fail it."""

from __future__ import annotations

from typing import Final

from service.rule_cases import Cases, Snippet, Told

#: The mapping that the delimited snippets below are read with.
MAPPING: Final = """\
agency    = "riverbend"
format    = "delimited"
effective = 2026-01-01
encoding  = "utf-8"
[items]
MEMBER_LOCAL_ID = { from = "Record" }
ASSESSMENT_DATE = { from = "Eval Date", date = "%m/%d/%Y" }
LDF_SLEEP       = { from = "Sleep", codes = "need" }
[codes.need]
"None" = "0"
"Mild" = "1"
"""
#: The same, for what only an unnamed encoding can show.
MAPPING_WITHOUT_ENCODING: Final = MAPPING.replace('encoding  = "utf-8"\n', "")
#: The mapping that the HL7 snippets below are read with.
MAPPING_OF_HL7: Final = """\
agency    = "riverbend"
format    = "hl7v2"
effective = 2026-01-01
[items]
LDF_SLEEP = { from = 'OBX[3.1 = "LDF_SLEEP"]-5' }
"""


def _json(why: str, text: str) -> Snippet:
    return Snippet(why=why, content=text.encode())


def _rows(why: str, *lines: str) -> Snippet:
    return Snippet(why=why, content="".join(f"{line}\n" for line in lines).encode(), mapping=MAPPING)


def _results(why: str, *segments: str) -> Snippet:
    head = "MSH|^~\\&|EHR|RB|ECAS|EOHHS|20260302||ORU^R01|1|P|2.5.1"
    return Snippet(why=why, content="".join(f"{one}\n" for one in (head, *segments)).encode(), mapping=MAPPING_OF_HL7)


_FINAL: Final = "OBX|2|NM|LDF_SLEEP||1||||||C"
_ANSWER: Final = '{"linkId": "LDF_SLEEP", "answer": [{"valueCoding": {"code": "1"}}]}'
_HEAD: Final = '"resourceType": "QuestionnaireResponse", "status": "completed"'
_GOOD: Final = _json("a response of one answer", f'{{{_HEAD}, "item": [{_ANSWER}]}}')
_HEADER: Final = "Record,Eval Date,Sleep"
_GOOD_ROW: Final = _rows("a row under the columns that the mapping names", _HEADER, "RB-1,03/02/2026,Mild")
_BUNDLE: Final = '{{"resourceType": "Bundle", "type": "collection", "entry": [\n  {}]}}'
_CONSENT_5: Final = (
    '{"resource": {"resourceType": "Consent", "status": "active", "decision": "permit"}},\n'
    '  {"resource": {"resourceType": "QuestionnaireResponse", "status": "completed", "questionnaire": "urn:q",\n'
    f'    "item": [{_ANSWER}]}}}}'
)
_COVERAGE_4: Final = (
    '{"resource": {"resourceType": "Coverage", "status": "active", "beneficiary": {"display": "a child"},\n'
    '    "payor": [{"display": "MassHealth"}]}}'
)
_NAMED: Final = (
    f'{{{{{_HEAD}, "subject": {{{{"reference": "#p"}}}},\n'
    '  "contained": [{{"resourceType": "Patient", "id": "p", "name": [\n'
    '    {{{} "family": "Doe"}}, {{"family": "Roe"}}]}}]}}'
)

#: By code.
READING: Final = {
    "A001": Cases(
        passes=(_GOOD,),
        fails=(
            _json("a PDF", "%PDF-1.7"),
            _json("JSON that ends too early", '{"resourceType": "QuestionnaireResponse", "item": ['),
        ),
    ),
    "A002": Cases(
        passes=(_json("a day of the calendar", f'{{{_HEAD}, "authored": "2026-03-02", "item": [{_ANSWER}]}}'),),
        fails=(
            _json("a day that no calendar has", f'{{{_HEAD}, "authored": "2026-02-30", "item": [{_ANSWER}]}}'),
            _json("an element that FHIR does not have", f'{{{_HEAD}, "finished": true, "item": [{_ANSWER}]}}'),
        ),
    ),
    "A003": Cases(
        passes=(_GOOD,),
        fails=(
            _json(
                "a Bundle with a Patient and nothing else",
                '{"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}]}',
            ),
        ),
    ),
    "A004": Cases(
        passes=(_GOOD_ROW,),
        fails=(_rows("the mapping says month/day/year", _HEADER, "RB-1,2026-03-02,Mild"),),
    ),
    "A005": Cases(
        passes=(_GOOD_ROW,),
        fails=(_rows("a word that the code table does not have", _HEADER, "RB-1,03/02/2026,Watchful"),),
    ),
    "A006": Cases(
        passes=(_GOOD_ROW,),
        fails=(_rows("the column Sleep was not exported", "Record,Eval Date", "RB-1,03/02/2026"),),
    ),
    "A007": Cases(
        passes=(_rows("a quoted field may hold the delimiter", _HEADER, '"RB-1, copy",03/02/2026,Mild'),),
        fails=(_rows("the same, not quoted: four fields under three columns", _HEADER, "RB-1, copy,03/02/2026,Mild"),),
    ),
    "A008": Cases(
        passes=(_GOOD,),
        fails=(
            _json("a key twice in one object", f'{{{_HEAD}, "status": "amended", "item": [{_ANSWER}]}}'),
            _rows("a column twice", "Record,Eval Date,Sleep,Sleep", "RB-1,03/02/2026,Mild,None"),
        ),
    ),
    "A009": Cases(
        passes=(_GOOD,),
        fails=(
            _json(
                "the Bundle holds no Patient/1",
                '{"resourceType": "Bundle", "type": "collection", "entry": [{"resource":\n'
                f'  {{{_HEAD}, "subject": {{"reference": "Patient/1"}}, "item": [{_ANSWER}]}}}}]}}',
            ),
        ),
    ),
    "A010": Cases(
        passes=(_GOOD,),
        fails=(_json("one item, two answers", f'{{{_HEAD}, "item": [{_ANSWER},\n  {_ANSWER}]}}'),),
    ),
    "A011": Cases(
        passes=(_GOOD,),
        fails=(
            _json(
                "a rating is a code, not a decimal number",
                f'{{{_HEAD}, "item": [{{"linkId": "LDF_SLEEP", "answer": [{{"valueDecimal": 1.5}}]}}]}}',
            ),
        ),
    ),
    "A012": Cases(
        passes=(
            Snippet(
                why="UTF-8",
                content=f"{_HEADER}\nZoë-1,03/02/2026,Mild\n".encode(),
                mapping=MAPPING_WITHOUT_ENCODING,
            ),
        ),
        fails=(
            Snippet(
                why="the same in Windows-1252 (ë is the one byte EB), and the mapping names no encoding",
                content=f"{_HEADER}\nZoë-1,03/02/2026,Mild\n".encode("cp1252"),
                mapping=MAPPING_WITHOUT_ENCODING,
            ),
        ),
    ),
    "A013": Cases(
        passes=(_json("the decision of a Consent, as R5 has it", _BUNDLE.format(_CONSENT_5)),),
        fails=(
            _json("beside it a Coverage with a payor, as R4 has it", _BUNDLE.format(f"{_CONSENT_5},\n  {_COVERAGE_4}")),
        ),
    ),
    "A014": Cases(
        passes=(_json("one of two names is official", _NAMED.format(' "use": "official",')),),
        fails=(_json("two names, and nothing that tells which holds", _NAMED.format("")),),
    ),
    "A015": Cases(
        passes=(Told(why="a workbook whose rows are all shown, and hold no formula"),),
        fails=(
            Told(why="a sheet, or rows of one, that Excel does not show"),
            Told(why="an escape in an HL7 message that nobody knows"),
        ),
    ),
    "A016": Cases(
        passes=(_results("a correction of what is withdrawn before it", "OBX|1|NM|LDF_SLEEP||2||||||W", _FINAL),),
        fails=(_results("a result that its sender calls wrong", "OBX|1|NM|LDF_SLEEP||2||||||W"),),
    ),
}
