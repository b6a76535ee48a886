"""The forty as HL7 v2: results, documents with other delimiters, and a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from forty.assessments import Answers, spec
from forty.words import Words, lines, quoted

from canonical.occurrence import parted
from specs.spec import Type

PLAIN = Words(day="%Y%m%d", worded=False)
#: Where an item stands that HL7 has a place for.
_PLACES = {
    "MEMBER_ID": 'PID-3[5 = "MA"].1',
    "MEMBER_LOCAL_ID": 'PID-3[5 = "MR"].1',
    "MEMBER_LAST_NAME": "PID-5.1",
    "MEMBER_FIRST_NAME": "PID-5.2",
    "MEMBER_DOB": "PID-7",
    "MEMBER_ZIP": "PID-11.5",
}


@dataclass(frozen=True)
class Signs:
    """The five delimiters: field, component, repetition, escape, subcomponent."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    def escaped(self, text: str) -> str:
        """Return a text in which nothing is a delimiter, a break or a null."""
        names = {
            self.escape: "E",
            self.field: "F",
            self.component: "S",
            self.repetition: "R",
            self.subcomponent: "T",
            "\n": ".br",
        }
        if text == '""':
            names['"'] = "X22"
        return "".join(
            f"{self.escape}{names[sign]}{self.escape}" if sign in names else sign for sign in text.replace("\r\n", "\n")
        )

    def segment(self, *fields: str) -> str:
        """Return a segment of fields that are escaped already."""
        return self.field.join(fields) + "\r"

    def parts(self, *texts: str) -> str:
        """Return the components of a field."""
        return self.component.join(map(self.escaped, texts))

    @property
    def declared(self) -> str:
        return self.component + self.repetition + self.escape + self.subcomponent


HASHED = Signs(field="#", component="*", repetition="!", escape="?", subcomponent="%")


def oru(answers: Answers, signs: Signs = Signs()) -> bytes:
    """Return one message of results."""
    return _message(answers, signs, "ORU", "R01").encode()


def mdm(answers: Answers) -> bytes:
    """Return one message of a document, whose delimiters are others."""
    return _message(answers, HASHED, "MDM", "T02").encode()


def batch(assessments: Sequence[Answers]) -> bytes:
    """Return a batch of messages in a file."""
    messages = "".join(_message(answers, Signs(), "ORU", "R01") for answers in assessments)
    text = f"FHS|^~\\&\rBHS|^~\\&\r{messages}BTS|{len(assessments)}\rFTS|1\r"
    return text.encode()


def mapping(document: str = "OBR-3") -> str:
    """Return the mapping; the document's id is where the kind of message has it."""
    found = {code: f"from = '{_place(code, document)}'" for code in lines()}
    return PLAIN.mapping("hl7v2", found)


def _place(code: str, document: str) -> str:
    if code == "DOCUMENT_ID":
        return document
    if code in _PLACES:
        return _PLACES[code]
    base, number = parted(code)
    part = ".1" if spec().occurrences[code].type is Type.CODE else ""
    return f'OBX[3.1 = {quoted(base)}][4 = "{number}"]-5{part}'


def _message(answers: Answers, signs: Signs, kind: str, event: str) -> str:
    head = ["MSH" + signs.field + signs.declared, "EHR", "RB", "ECAS", "EOHHS", "20260326170000", ""]
    head += [signs.component.join((kind, event)), answers["DOCUMENT_ID"], "P", "2.5.1", *[""] * 5, "UNICODE UTF-8"]
    said = {code: signs.escaped(PLAIN.word(code, text)) for code, text in answers.items()}
    ids = signs.repetition.join(
        (
            signs.parts(answers["MEMBER_ID"], "", "", "MASSHEALTH", "MA"),
            signs.parts(answers["MEMBER_LOCAL_ID"], "", "", "RB", "MR"),
        )
    )
    name = signs.parts(answers["MEMBER_LAST_NAME"], answers["MEMBER_FIRST_NAME"])
    address = signs.parts("", "", "", "", answers.get("MEMBER_ZIP", ""))
    pid = ["PID", "1", "", ids, "", name, "", said["MEMBER_DOB"], "", "", "", address]
    if kind == "ORU":
        order = [["PV1", "1", "O"], ["OBR", "1", "", said["DOCUMENT_ID"], signs.parts("CANS", "CANS", "L")]]
    else:
        order = [["EVN", "T02", "20260326170000"], ["TXA", "1", "CN", "FT", *[""] * 8, said["DOCUMENT_ID"]]]
    shown = [code for code in answers if code not in (*_PLACES, "DOCUMENT_ID")]
    results = [_result(signs, at, code, answers[code]) for at, code in enumerate(shown, start=1)]
    return "".join(signs.segment(*fields) for fields in (head, pid, *order, *results))


def _result(signs: Signs, at: int, code: str, text: str) -> list[str]:
    base, number = parted(code)
    item = spec().occurrences[code]
    if item.type is Type.CODE:
        kind, value = "CWE", signs.parts(text, spec().codes[item.codes or ""][text].label, "L")
    else:
        kind = {Type.DATE: "DT", Type.INTEGER: "NM"}.get(item.type, "FT")
        value = signs.escaped(PLAIN.word(code, text))
    return ["OBX", str(at), kind, signs.parts(base, item.label, "L"), str(number), value, *[""] * 5, "F"]
