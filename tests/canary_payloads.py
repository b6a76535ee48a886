"""Payloads full of canaries: such as the state accepts, such as wait, such as are refused, and such as are no payload at all."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from canary_tokens import Mint
from draft import of_2026, response

from service.sample_files import SAMPLES

_BUNDLE: Final = json.loads((SAMPLES / "good/five-through-twenty.json").read_text())
_ROWS: Final = list(csv.reader(io.StringIO((SAMPLES / "good/caredesk-export.csv").read_text())))[:2]
_FHIR, _CSV = "application/fhir+json", "text/csv"
#: What the columns of the sample hold when each child is invented anew.
_OWN_COLUMNS: Final = ("RID", "Record No", "Last", "First", "DOB", "Clin Last", "Clin First", "Clin Cert No")


@dataclass(frozen=True, slots=True)
class Canaries:
    """One body, and what it says it is."""

    kind: str
    content: bytes
    media: str = _FHIR
    headers: Mapping[str, str] = ()  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Assessor:
    """Somebody of the roster, as invented as everybody."""

    last: str
    first: str
    key: str


def assessor(mint: Mint) -> Assessor:
    return Assessor(mint.word("assessor").upper(), mint.word("assessor").upper(), mint.certification_key())


def roster(assessors: list[Assessor]) -> str:
    """Return the roster file that has these people on it."""
    head = "key,last_name,first_name,former_names,agencies,state,certified_on,issued_on,expires_on,status,approved_on"
    lines = [f"{one.key},{one.last},{one.first},,,MA,2025-06-01,,2031-06-01,," for one in assessors]
    return "\n".join([head, *lines, ""])


class Writer:
    """Writes payloads for one agency whose roster has these assessors; so many tokens stand in each comment."""

    def __init__(self, mint: Mint, assessors: list[Assessor], *, words: int) -> None:
        self.mint = mint
        self._assessors = assessors
        self._words = words
        self._written = 0

    def answers(self, **changed: str | None) -> dict[str, str]:
        """Return the answers of one child whom nobody knows, in which every free text is a canary."""
        mint, by = self.mint, self._assessors[self._written % len(self._assessors)]
        self._written += 1
        given = of_2026()
        free = {item: mint.words(self._words) for item in given if item.endswith("_COMMENT")}
        born = mint.born()
        return of_2026(
            **{
                **free,
                "DOCUMENT_ID": mint.handle(),
                "AGENCY_ID": "riverbend",
                "MEMBER_ID": mint.member(),
                "MEMBER_LOCAL_ID": mint.word("record number"),
                "MEMBER_LAST_NAME": mint.word("name"),
                "MEMBER_FIRST_NAME": mint.word("name"),
                "MEMBER_DOB": born.isoformat(),
                "ASSESSOR_NAME": f"{by.last}, {by.first}",
                "ASSESSOR_KEY": by.key,
                **changed,
            }
        )

    def good(self) -> Canaries:
        return Canaries("good", response(self.answers()))

    def good_bundle(self) -> Canaries:
        """A Bundle as an EHR sends it; the assessor is unknown, so it waits."""
        mint, text = self.mint, json.dumps(_BUNDLE)
        for old, new in {
            "RB-CANS-2026-00871": mint.handle(),
            "100482917365": mint.member(),
            "RB-20417": mint.word("record number"),
            "Amaral-Finch": mint.word("name"),
            "Teodoro": mint.word("name"),
            '"J."': f'"{mint.word("name")}"',
            "2014-05-02": mint.born().isoformat(),
            "17 Mill Pond Road": mint.word("address"),
            "Greenfield": mint.word("address"),
            "413-555-0142": mint.word("telephone"),
            "Ostrowski": mint.word("assessor"),
            "Delphine": mint.word("assessor"),
            "MA-CANS-48213": mint.certification_key(),
        }.items():
            assert old in text, old
            text = text.replace(old, new)
        return Canaries("good bundle", text.encode())

    def rows(self, number: int = 1, **changed: str) -> Canaries:
        """Rows of a spreadsheet's export."""
        mint, written = self.mint, io.StringIO()
        out = csv.writer(written)
        out.writerow(_ROWS[0])
        for _ in range(number):
            own = (
                mint.member(),
                mint.word("record number"),
                mint.word("name"),
                mint.word("name"),
                f"{mint.born():%m/%d/%Y}",
                mint.word("assessor"),
                mint.word("assessor"),
                mint.certification_key(),
            )
            row = dict(zip(_ROWS[0], _ROWS[1], strict=True)) | dict(zip(_OWN_COLUMNS, own, strict=True))
            row |= {column: mint.words(self._words) for column in _ROWS[0] if column.endswith("_Notes") and row[column]}
            out.writerow((row | changed).values())
        return Canaries("rows", written.getvalue().encode(), _CSV)

    def of_answers(self, kind: str, **changed: str | None) -> Canaries:
        return Canaries(kind, response(self.answers(**changed)))

    def blocked(self) -> list[Canaries]:
        """Each wrong in a way of its own: not of the type, not in the list, too long, against a pattern, for another agency."""
        mint = self.mint
        return [
            self.of_answers("a rating", LDF_SLEEP=mint.word("answer")),
            self.of_answers("a service", SERVICE=mint.word("answer")),
            self.of_answers("a form", INSTRUMENT=mint.word("answer")),
            self.of_answers("a kind", SUBMISSION_TYPE=mint.word("answer")),
            self.of_answers("a day", ASSESSMENT_DATE=mint.word("answer")),
            self.of_answers("a day of birth", MEMBER_DOB=f"{mint.born():%m/%d/%Y}"),
            self.of_answers("a number", DOCUMENT_VERSION=mint.word("answer")),
            self.of_answers("a document id", DOCUMENT_ID=f"{mint.handle()}/{mint.handle()}"),
            self.of_answers("an agency", AGENCY_ID=mint.word("answer")),
            self.of_answers("a provider", PROVIDER_ID=mint.words(3)),
            self.of_answers("a member number", MEMBER_ID=mint.word("answer")),
            self.of_answers("a gender", MEMBER_GENDER=mint.word("answer")),
            self.of_answers("a place", MEMBER_ZIP=mint.word("answer"), MEMBER_LIVING_SITUATION=mint.word("answer")),
            self.of_answers("a consent", CONSENT=mint.word("answer")),
            self.of_answers("a diagnosis", DX_CODE=mint.word("answer")),
            self.of_answers("a long text", LDF_COMMENT=mint.words(300)),
            self.of_answers("a control character", MEMBER_LAST_NAME=f"{mint.word('name')}\x0b{mint.word('name')}"),
            self.of_answers("an assessor", ASSESSOR_NAME=mint.word("assessor"), ASSESSOR_KEY=mint.word("assessor")),
            self.of_answers("an unknown key", ASSESSOR_KEY=mint.certification_key()),
            self.of_answers("no day", ASSESSMENT_DATE="1901-01-01", SERVICE=mint.word("answer")),
        ]

    def broken(self) -> list[Canaries]:
        """What is no payload, or no longer one: cut, doubled, ill encoded, too deep, of a stranger's vocabulary."""
        mint = self.mint
        text = response(self.answers()).decode()
        bundle = self.good_bundle().content.decode()
        rows = self.rows(2).content
        name = mint.word("name")
        return [
            Canaries("cut", text[: len(text) * 2 // 3].encode()),
            Canaries("cut bundle", bundle[:-300].encode()),
            Canaries("cut rows", rows[: len(rows) - 90], _CSV),
            Canaries("ragged rows", rows + f"{mint.words(4)},{mint.word('name')}\r\n".encode(), _CSV),
            Canaries("a quote", rows + f'"{mint.words(5)}'.encode(), _CSV),
            Canaries(
                "strange columns",
                f"{mint.word('column')},{mint.word('column')}\r\n{mint.words(2)},x\r\n".encode(),
                _CSV,
            ),
            Canaries("the same column twice", f"{name},{name}\r\n1,2\r\n".encode(), _CSV),
            Canaries("UTF-16", text.encode("utf-16")),
            Canaries("UTF-16 rows", rows.decode().encode("utf-16"), _CSV),
            Canaries("no UTF-8", text.encode().replace(b'"answer"', b'"\xff\xfe"', 1)),
            Canaries("no UTF-8 rows", rows.replace(b",", b"\xe9,", 3), _CSV),
            Canaries("NUL", text.encode().replace(b" ", b"\x00", 4)),
            Canaries("NUL rows", rows.replace(b" ", b"\x00", 4), _CSV),
            Canaries("half a letter", json.dumps({"resourceType": "Bundle", name: "\ud800"}).encode()),
            Canaries("no number", f'{{"resourceType": "QuestionnaireResponse", "{name}": NaN}}'.encode()),
            Canaries("a huge number", f'{{"resourceType": "Bundle", "{name}": 1e999999}}'.encode()),
            Canaries("the same key twice", f'{{"resourceType": "Bundle", "{name}": 1, "{name}": 2}}'.encode()),
            Canaries("too deep", (f'{{"{name}":' + "[" * 3000 + f'"{mint.word("answer")}"').encode()),
            Canaries("deep", (f'{{"{name}":' + "[" * 400 + f'"{mint.word("answer")}"' + "]" * 400 + "}").encode()),
            Canaries(
                "another resource", json.dumps({"resourceType": mint.word("answer"), "id": mint.word("id")}).encode()
            ),
            Canaries("strange names", bundle.replace('"family"', f'"{mint.word("name")}"').encode()),
            Canaries("a strange value", bundle.replace('"valueString"', f'"value{mint.word("name")}"', 3).encode()),
            Canaries("a strange item", response({**self.answers(), mint.word("item").upper(): mint.word("answer")})),
            Canaries(
                "a dangling reference", bundle.replace("urn:uuid:378834bc", f"urn:uuid:{mint.word('id')}", 1).encode()
            ),
            Canaries(
                "an impossible day", bundle.replace('"birthDate": "', f'"birthDate": "{mint.word("name")}', 1).encode()
            ),
            Canaries("text", f"About {mint.words(6)}.".encode(), "text/plain"),
            Canaries(
                "XML",
                f'<!DOCTYPE a [<!ENTITY b "{mint.word("name")}">]><a>&b;{mint.words(3)}</a>'.encode(),
                "application/xml",
            ),
            Canaries("HL7", f"MSH|^~\\&|{mint.word('name')}|\rPID|1||{mint.member()}||{mint.word('name')}^\r".encode()),
            Canaries("compressed", gzip.compress(text.encode()), _FHIR, {"Content-Encoding": "gzip"}),
            Canaries("compressed in secret", gzip.compress(text.encode())),
            Canaries("a form", _multipart(mint), f"multipart/form-data; boundary={mint.word('header')}"),
            Canaries("many assessments", self.rows(3, Fn_Sleep=mint.word("answer")).content, _CSV),
            Canaries("a list", json.dumps([{mint.word("name"): mint.word("answer")}]).encode()),
            Canaries("a stranger's media type", text.encode(), f"text/{mint.word('header')}"),
        ]

    def too_large(self, size: int) -> Canaries:
        """More than the service takes, all of it canaries."""
        return Canaries("too large", self.mint.words(size // 17 + 1).encode(), "text/csv")

    def kinds(self) -> tuple[Callable[[], Canaries], ...]:
        """Return what a normal day brings, each time anew."""
        return (self.good, self.good, self.good, self.rows, self.good_bundle)


def _multipart(mint: Mint) -> bytes:
    named = f'Content-Disposition: form-data; name="file"; filename="{mint.word("file name")}.json"'
    return f"--x\r\n{named}\r\n\r\n{mint.words(5)}\r\n--x--\r\n".encode()


def filled(schema: Mapping[str, Any], mint: Mint) -> Any:
    """Return a body of this JSON schema, with a canary wherever a text may stand."""
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    for way in ("anyOf", "oneOf"):
        if way in schema:
            return filled(schema[way][0], mint)
    match schema.get("type"):
        case "object":
            made: Any = {name: filled(part, mint) for name, part in schema.get("properties", {}).items()}
        case "array":
            made = [filled(schema.get("items", {}), mint)]
        case "integer" | "number" | "boolean":
            made = False if schema["type"] == "boolean" else 1
        case _:
            made = mint.word("body")
    return made
