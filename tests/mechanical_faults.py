"""Invented assessments in every text format, each with one mechanical fault; written without the code that mends them."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

from adapters import registry
from canonical.payload import Payload
from canonical.provenance import OURS
from specs.catalog import Catalog
from specs.spec import Item, Type

SAMPLES = Path(__file__).parents[1] / "samples"
SPEC = Catalog().named("2026.1")
ITEMS = SPEC.occurrences
WORDS = {"0": "None", "1": "Mild", "2": "Moderate", "3": "Severe"}
NUMBERS = {"0": "zero", "1": "one", "2": "two", "3": "three"}
SAYS = {"0": "no evidence", "1": "watchful waiting", "2": "action needed", "3": "immediate action"}
TRUTH = {"yes": "Ja", "no": "Nein", "unanswered": "Offen"}
#: Stands where the fault will: what is before and behind it in the file may not change.
MARKER = "qzq"
Record = dict[str, str]


def column(item: str) -> str:
    return item.replace(".", "_")


@lru_cache(maxsize=1)
def _samples() -> tuple[Record, ...]:
    records = []
    for name in ("five-through-twenty", "birth-through-four"):
        content = (SAMPLES / f"good/{name}.json").read_bytes()
        (one,) = registry.read(Payload(content=content, name=name, agency="riverbend")).assessments
        record = {item: answer.text for item, answer in one.answers.items() if answer.provenance is not OURS}
        records.append({item: text for item, text in record.items() if item in ITEMS})
    records[0]["MEMBER_FIRST_NAME"] = "Téodoro"
    return tuple(records)


def canonical() -> list[Record]:
    """Return both sample assessments, as canonical texts; one name has an accent, so that encodings matter."""
    return [dict(record) for record in _samples()]


@dataclass(frozen=True)
class Form:
    """One way of writing the records down."""

    name: str
    format: str
    #: The text of the mapping; empty where there is none.
    mapping: str
    write: Callable[[list[Record]], bytes] = field(repr=False)
    #: From canonical to the sender's own text.
    worded: bool


def word(item: Item, text: str) -> str:
    """Return what a sender with words of their own writes for a canonical text."""
    if item.type is Type.DATE:
        return date.fromisoformat(text).strftime("%m/%d/%Y")
    if item.codes in ("rating", "strength"):
        return WORDS[text]
    return TRUTH[text] if item.type is Type.TRISTATE else text


def mapping(form: str, items: list[str], place: Callable[[str], str], *, worded: bool, head: str = "") -> str:
    lines = ['agency = "riverbend"', f'format = "{form}"', "effective = 2026-01-01", 'empty = ["N/A"]', head, "[items]"]
    for item in items:
        how = [place(item)]
        known = ITEMS[item]
        if worded and known.type is Type.DATE:
            how.append('date = "%m/%d/%Y"')
        elif worded and known.codes in ("rating", "strength"):
            how.append('codes = "need"')
        elif worded and known.type is Type.TRISTATE:
            how.append('codes = "ja-nein"')
        elif worded and item == "MEMBER_ID":
            how.append("pad = 12")
        lines.append(f'"{item}" = {{ {", ".join(how)} }}')
    tables = {"need": {word: code for code, word in WORDS.items()}, "ja-nein": {w: c for c, w in TRUTH.items()}}
    for name, table in tables.items() if worded else ():
        lines += [f"[codes.{name}]", *(f'"{one}" = "{code}"' for one, code in table.items())]
    return "\n".join(lines)


def forms() -> list[Form]:
    records = canonical()
    items = sorted({item for record in records for item in record})
    named = [(item, f"from = {json.dumps(column(item))}") for item in items]
    places = dict(named)
    question = {item: f"question = {json.dumps(column(item))}" for item in items}
    inside = {item: f'from = "a/{column(item)}"' for item in items}
    attribute = {item: f'from = "@{column(item)}"' for item in items}
    child = {item: f'from = "{column(item)}"' for item in items}
    obx = {item: f"from = 'OBX[3.1 = \"{column(item)}\"]-5'" for item in items}
    long = 'layout = "long"\n[long]\nkey = ["Nr"]\nitem = "Q"\nvalue = "A"'

    def table(
        name: str, head: str, write: Callable[[list[Record]], bytes], *, worded: bool, rows: bool = False
    ) -> Form:
        text = mapping("delimited", items, (question if rows else places).__getitem__, worded=worded, head=head)
        return Form(name, "delimited", text, write, worded=worded)

    return [
        table("wide, UTF-8", 'delimiter = ","', wide(items, "utf-8"), worded=True),
        table("wide, mark, CR LF", 'delimiter = ","', wide(items, "utf-8-sig", end="\r\n"), worded=False),
        table("wide, UTF-16, tabs", 'delimiter = "\\t"', wide(items, "utf-16", "\t"), worded=True),
        table("wide, Windows-1252, quoted", 'delimiter = ";"', wide(items, "windows-1252", ";", every=True), worded=True),
        table("wide, quoted, plain", 'delimiter = ","', wide(items, "utf-8", every=True), worded=False),
        table("long, UTF-8", long, rows_of("utf-8"), worded=True, rows=True),
        table("long, bars, UTF-16", 'delimiter = "|"\n' + long, rows_of("utf-16", "|"), worded=False, rows=True),
        Form("JSON", "json", _mapped("json", items, inside, worded=True, head='records = "visits"'), as_json(2), worded=True),
        Form("JSON, tight, mark", "json", _mapped("json", items, inside, head='records = "visits"'), as_json(None), worded=False),
        Form("XML, attributes", "xml", _mapped("xml", items, attribute, head='records = "all/one"'), as_xml("utf-8"), worded=False),
        Form(
            "XML, elements, UTF-16", "xml", _mapped("xml", items, child, worded=True, head='records = "all/one"'),
            as_xml("utf-16", elements=True), worded=True,
        ),
        Form(
            "XML, elements, Latin-1", "xml", _mapped("xml", items, child, head='records = "all/one"'),
            as_xml("iso-8859-1", elements=True), worded=False,
        ),
        Form("HL7, UTF-8", "hl7v2", _mapped("hl7v2", items, obx, worded=True), as_hl7("UNICODE UTF-8", "utf-8"), worded=True),
        Form("HL7, Latin-1, CR", "hl7v2", _mapped("hl7v2", items, obx), as_hl7("8859/1", "latin-1", "\r"), worded=False),
        Form("FHIR, JSON", "fhir", "", as_fhir, worded=False),
        Form("FHIR, XML", "fhir", "", as_fhir_xml, worded=False),
    ]  # fmt: skip


def _mapped(form: str, items: list[str], at: Record, *, worded: bool = False, head: str = "") -> str:
    return mapping(form, items, at.__getitem__, worded=worded, head=head)


def wide(
    items: list[str], encoding: str, delimiter: str = ",", *, end: str = "\n", every: bool = False
) -> Callable[[list[Record]], bytes]:
    def write(records: list[Record]) -> bytes:
        out = io.StringIO()
        quoting = csv.QUOTE_ALL if every else csv.QUOTE_MINIMAL
        writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting)
        writer.writerow(map(column, items))
        writer.writerows([record.get(item, "") for item in items] for record in records)
        return out.getvalue().encode(encoding)

    return write


def rows_of(encoding: str, delimiter: str = ",") -> Callable[[list[Record]], bytes]:
    def write(records: list[Record]) -> bytes:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter)
        writer.writerow(["Nr", "Q", "A"])
        writer.writerows((nr, column(item), text) for nr, record in enumerate(records) for item, text in record.items())
        return out.getvalue().encode(encoding)

    return write


def as_json(indent: int | None) -> Callable[[list[Record]], bytes]:
    def write(records: list[Record]) -> bytes:
        visits = [{"a": {column(item): text for item, text in record.items()}} for record in records]
        text = json.dumps({"note": "Zoë \U0001f3ba", "visits": visits}, indent=indent, ensure_ascii=indent is None)
        return text.encode("utf-8" if indent else "utf-8-sig")

    return write


def _quoted(text: str) -> str:
    return f'"{escape(text, {chr(34): "&quot;", chr(10): "&#10;"})}"'


def as_xml(encoding: str, *, elements: bool = False) -> Callable[[list[Record]], bytes]:
    def one(record: Record) -> str:
        if elements:
            return "<one>" + "".join(f"\n <{column(i)}>{escape(t)}</{column(i)}>" for i, t in record.items()) + "</one>"
        return "<one " + "\n".join(f"{column(item)}={_quoted(text)}" for item, text in record.items()) + "/>"

    def write(records: list[Record]) -> bytes:
        body = "\n".join(map(one, records))
        text = f'<?xml version="1.0" encoding="{encoding}"?>\n<all><!-- Zoë -->{body}\n</all>'
        return text.encode(encoding, "xmlcharrefreplace")

    return write


def as_hl7(charset: str, encoding: str, end: str = "\r\n") -> Callable[[list[Record]], bytes]:
    signs = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}

    def write(records: list[Record]) -> bytes:
        lines = []
        for number, record in enumerate(records, start=1):
            head = f"MSH|^~\\&|CD|RB|ECAS|EOHHS|20260304101500||ORU^R01^ORU_R01|M{number}|P|2.5.1||||||{charset}"
            lines += [head, "PID|1||1||Zoë^Invented", "OBR|1|||CANS"]
            for at, (item, text) in enumerate(record.items(), start=1):
                value = "".join(signs.get(sign, sign) for sign in text)
                lines.append(f"OBX|{at}|ST|{column(item)}^x||{value}||||||F")
        return (end.join(lines) + end).encode(encoding, "replace")

    return write


#: Where the sample Bundle holds what is no answer of its own, as a pattern before the text.
_AROUND = {
    "MEMBER_DOB": r'"birthDate": ',
    "MEMBER_GENDER": r'"gender": ',
    "MEMBER_ZIP": r'"postalCode": ',
    "MEMBER_ID": r'id:masshealth-member",\s*"value": ',
}


def as_fhir(records: list[Record]) -> bytes:
    """Write the first record as the sample Bundle: only what differs from the sample is written anew."""
    text = (SAMPLES / "good/five-through-twenty.json").read_text("utf-8")
    for item, told in _changed(records):
        before = (
            _AROUND.get(item)
            or rf'"linkId": "{item}",\s*"answer": \[\s*\{{\s*(?:"valueCoding": \{{\s*"code"|"value\w+"): '
        )
        text, count = re.subn(
            rf'({before})"[^"]*"',
            lambda found, told=told: found[1] + json.dumps(told, ensure_ascii=False),
            text,
            count=1,
        )
        assert count, item
    return text.encode()


def as_fhir_xml(records: list[Record]) -> bytes:
    text = (SAMPLES / "fhir/five-through-twenty.r4.xml").read_text("utf-8")
    around = {
        "MEMBER_DOB": "<birthDate value=",
        "MEMBER_GENDER": "<gender value=",
        "MEMBER_ZIP": "<postalCode value=",
        "MEMBER_ID": r'id:masshealth-member">\s*</system>\s*<value value=',
    }
    for item, told in _changed(records):
        answer = r">\s*</linkId>\s*<answer>\s*(?:<valueCoding>\s*<code|<value\w+) value="
        before = around.get(item) or rf'<linkId value="{item}"{answer}'
        text, count = re.subn(
            rf'({before})"[^"]*"',
            lambda found, told=told: f'{found[1]}"{escape(told, {chr(34): "&quot;"})}"',
            text,
            count=1,
        )
        assert count, item
    return text.encode()


def _changed(records: list[Record]) -> Iterator[tuple[str, str]]:
    own = canonical()[0]
    return ((item, text) for item, text in records[0].items() if own[item] != text and item != "MEMBER_FIRST_NAME")


@dataclass(frozen=True)
class Fault:
    """One mechanical fault: whose record and which item, what should stand there, and what does."""

    record: int
    item: str
    clean: str
    faulty: str


def fault(form: Form, records: list[Record], draw: random.Random) -> Fault:
    """Return a fault that this form can hold."""
    while True:
        number = 0 if form.format == "fhir" else draw.randrange(len(records))
        group = draw.choice(("date", "rating", "truth", "code", "id"))
        chosen = [
            item for item in records[number] if group == _group(item) and (form.format != "fhir" or _in_fhir(item))
        ]
        item = draw.choice(sorted(chosen))
        text = records[number][item]
        clean = word(ITEMS[item], text) if form.worded else text
        faulty = draw.choice(list(_faults(form, item, text)))
        if faulty != clean and _holds(form, faulty):
            return Fault(number, item, clean, faulty)


def _holds(form: Form, text: str) -> bool:
    """Return whether the form's encoding has all the letters; XML has them by number."""
    narrow = "windows-1252" if "Windows" in form.name else "latin-1" if "HL7, Latin" in form.name else "utf-8"
    return text == text.encode(narrow, "ignore").decode(narrow)


def _group(item: str) -> str:
    known = ITEMS[item]
    if known.type is Type.DATE:
        return "date"
    if known.codes in ("rating", "strength"):
        return "rating"
    if known.type is Type.TRISTATE:
        return "truth"
    if item in ("MEMBER_ID", "MEMBER_ZIP"):
        return "id"
    return "code" if known.codes else ""


def _in_fhir(item: str) -> bool:
    """Leave out what a Bundle tells by more than one place, or by no text."""
    return item not in (
        "ASSESSMENT_DATE",
        "CONSENT",
        "CONSENT_DATE",
        "INSTRUMENT",
        "SUBMISSION_TYPE",
        "MEMBER_GENDER",
        "MEMBER_ID",
    )


def _faults(form: Form, item: str, text: str) -> Iterator[str]:
    known = ITEMS[item]
    group = _group(item)
    if group == "date":
        yield from _dates(date.fromisoformat(text), form)
    elif group == "rating":
        told = WORDS[text] if form.worded else text
        yield from (
            f"{text} - {WORDS[text] if form.worded else SAYS[text]}",
            f"Rating {text}",
            f'"{told}"',
            f"'{told}'",
        )
        if not form.worded:
            yield from (NUMBERS[text], NUMBERS[text].upper(), chr(0xFF10 + int(text)), f"{text}.0", f"0{text}")
            yield from (f"{text}: {SAYS[text]}", f"\u00c2\u00a0{text}", f"{text}\ufeff", f"{text} ({SAYS[text]})")
    elif group == "truth":
        yield from (text.upper() if not form.worded else text, f"'{TRUTH[text] if form.worded else text}'")
        if text != "unanswered":
            yield from ({"yes": ("True", "TRUE", "Y"), "no": ("False", "FALSE", "N")}[text])
    elif group == "code":
        label = SPEC.codes[known.codes or ""][text].label
        yield from (text.swapcase(), f"'{text}'", f"{text}\u200b", label, f"{text[:1]}\u00ad{text[1:]}")
    elif item == "MEMBER_ID":
        yield from (
            f"{text[:4]}-{text[4:8]}-{text[8:]}",
            f"'{text}",
            f"{text[:3]} {text[3:6]} {text[6:]}",
            f'="{text}"',
        )
        yield from ("".join(chr(0xFEE0 + ord(digit)) for digit in text), f"{text[:6]}\u00a0{text[6:]}")
    else:
        yield from (f"'{text}", f'"{text}"', f"{text[:2]} {text[2:]}")


def _dates(day: date, form: Form) -> Iterator[str]:
    yield from (day.strftime("%Y/%m/%d"), day.strftime("%Y%m%d"), day.strftime("%d %b %Y"), day.strftime("%B %d, %Y"))
    yield from (day.strftime("%Y-%m-%dT00:00:00"), day.strftime("%Y-%m-%d 00:00:00.000"), day.strftime("%d-%b-%Y"))
    yield from (day.strftime("%Y.%m.%d"), f"'{day.isoformat()}")
    if form.worded:
        yield from (day.isoformat(), day.isoformat() + "T14:30:00-05:00")
    elif day.day > 12 or day.day == day.month:
        yield from (day.strftime("%m/%d/%Y"), f"{day.month}/{day.day}/{day.year}", day.strftime("%d.%m.%Y"))
    if day.year >= 2023:
        yield str((day - date(1899, 12, 30)).days)
