"""The parsers that are fuzzed: of each one function of bytes that raises where a property is broken, and the seeds to begin with."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fuzzing import edits, small, words
from fuzzing.soundness import read
from workbook_file import packed, parts, sheet

from adapters import hl7_escapes, hl7_record, hl7_text, path, workbook, workbook_worker
from adapters.declared import NOTHING, Everything
from adapters.dialect import delimiter_of, dialect_of, encodings, opened
from adapters.hl7_text import Delimiters, Hl7File
from adapters.json_record import JsonDocument, read_json
from adapters.layout import TextOptions
from adapters.mapping import MappingDefect, lines_of, load_mapping
from adapters.workbook_rows import sheet_rows
from adapters.xml_record import XmlDocument, read_xml
from canonical.errors import ConfigurationError
from validators.roster import Roster

_HEAD: Final = b"MSH|^~\\&|A|B|C|D|20260304||ORU^R01|1|P|2.5.1||||||UNICODE UTF-8\rOBX|1|FT|Q^q||"
_TABLES: Final = ("delimited", "single", "backslash", "none", "long", "positional", "cbhi")
_NAMED: Final = (None, "utf-8", "utf-16", "utf-16-le", "windows-1252")
_PARTS: Final = (
    "xl/worksheets/sheet1.xml",
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/sharedStrings.xml",
)
_CELLS: Final = [["RID", "Last", "First", "DOB", "Sleep"], ["42", "Wren", "Zoë", 's="1"><v>42145</v></c>', "2"]]
#: Documents in which the paths of a mapping are looked up.
_JSON: Final = b'{"a":{"b":[{"c":"1","d":2},[3]],"e f":null},"q":"x"}'
_XML: Final = b'<a x="1" xmlns:n="urn:n"><b><c>1</c></b><n:b y="2">t</n:b></a>'


@dataclass(frozen=True)
class Target:
    """One parser."""

    #: Raises whatever the parser raises, and ``AssertionError`` where a property is broken.
    one: Callable[[bytes], None]
    #: Inputs of the form that ``one`` expects, good ones among them.
    seeds: Sequence[bytes]
    #: Signs that mean something to the parser.
    tokens: Sequence[bytes] = ()
    #: Bytes of an input at most.
    longest: int = 4_000


def _chosen(data: bytes, among: Sequence[str]) -> tuple[str, bytes]:
    """Return one of several, by the first byte, and what follows it."""
    return among[data[0] % len(among)] if data else among[0], data[1:]


def delimited(data: bytes) -> None:
    """Read rows with one of the mappings."""
    name, content = _chosen(data, _TABLES)
    read(content, "delimited", small.mapping(name))


def dialect(data: bytes) -> None:
    """Find out how a text is written."""
    named = _NAMED[data[0] % len(_NAMED)] if data else None
    content = data[1:]
    delimiter_of(content.decode("latin-1"))
    for encoding in encodings(content, named):
        try:
            found = dialect_of(content, encoding, TextOptions(), 1)
            text = opened(content, encoding).read()
        except UnicodeError:
            continue
        assert found.told
        assert encoding.mark + text.encode(encoding.name) == content, "bytes were lost between file and text"


def json(data: bytes) -> None:
    """Read JSON by mapping, and by any name."""
    read(data, "json", small.mapping("json"))
    document = read_json(data, "file", Everything())
    if isinstance(document, JsonDocument):
        fields = [field for record in document.records() for field in record.all()]
        assert {field.key for field in document.all()} >= {field.key for field in fields}


def xml(data: bytes) -> None:
    """Read XML by mapping, and by any name."""
    content = b"<" + data
    read(content, "xml", small.mapping("xml"))
    document = read_xml(content, "file", Everything())
    if isinstance(document, XmlDocument):
        fields = [field for record in document.records() for field in record.all()]
        assert len({field.key for field in fields}) == len(fields), "two fields of one record share their key"


def hl7(data: bytes) -> None:
    """Read messages by mapping, whole and by order."""
    content = b"MSH" + data
    read(content, "hl7v2", small.mapping("hl7v2"))
    read(content, "hl7v2", small.mapping("orders"))


def escapes(data: bytes) -> None:
    """Decode the escapes of a leaf: none becomes a segment, and an escaped text comes back."""
    text = data.decode("utf-8", "replace").replace("\r", "").replace("\n", "")
    signs = Delimiters()
    leaf = hl7_escapes.decoded(text, signs, "utf-8")
    assert "\r" not in leaf
    list(hl7_escapes.unknown(text, signs, "utf-8"))
    content = _HEAD + text.encode() + b"||||||F\r"
    file = hl7_text.split(content, "file")
    if isinstance(file, Hl7File) and file.messages:
        assert len(file.messages[0].segments) == content.count(b"\r"), "an escape became a segment"
        fields = list(next(hl7_record.records(file)).all())
        assert len({field.key for field in fields}) == len(fields)
    read(content, "hl7v2", small.mapping("orders"))


def fhir_json(data: bytes) -> None:
    """Read FHIR in JSON: bytes as they are, or a good document with edits."""
    name, content = _chosen(data, ("", "fhir", "fhir-response"))
    read(edits.edited_json(small.GOOD[name], content, words.OF_FHIR_NAMES) if name else b"{" + content, "fhir")


def fhir_xml(data: bytes) -> None:
    """Read FHIR in XML, likewise."""
    name, content = _chosen(data, ("", "fhir-xml"))
    read(edits.edited_xml(small.GOOD[name], content, words.OF_FHIR_NAMES) if name else b"<" + content, "fhir")


def fhir_mapped(data: bytes) -> None:
    """Read FHIR by mapping, likewise."""
    name, content = _chosen(data, ("", "fhir"))
    written = edits.edited_json(small.GOOD[name], content, words.OF_FHIR_NAMES) if name else b"{" + content
    read(written, "fhir", small.mapping("fhir"))


def paths(data: bytes) -> None:
    """Parse a path, and look for what it names in a small document of each format."""
    text = data.decode("utf-8", "replace")
    for is_hl7 in (False, True):
        try:
            parsed = path.parse(text, hl7=is_hl7)
        except path.PathDefect as defect:
            assert 1 <= defect.column <= min(len(text), path.LONGEST) + 1  # noqa: PT017 - no test
            continue
        if is_hl7:
            file = hl7_text.split(small.GOOD["hl7v2"], "file")
            assert isinstance(file, Hl7File)
            found = [record.found(parsed) for record in hl7_record.records(file)]
        else:
            documents = (read_json(_JSON, "file", Everything()), read_xml(_XML, "file", Everything()))
            found = [record.fields(text) for document in documents for record in document.records()]
            assert all(path.parse(path.quoted(name)).names == {name} for name in parsed.names if name)
        assert all(field.text is not None for fields in found for field in fields)


def mapping(data: bytes) -> None:
    """Load a mapping file, and read a small file of its format with it."""
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(data)
        file.flush()
        try:
            loaded = load_mapping(Path(file.name))
        except MappingDefect as defect:
            assert str(defect).startswith(file.name), "a defect tells its file and line"  # noqa: PT017 - as above
            return
        lines_of(Path(file.name))
    if loaded.format in small.GOOD:
        read(small.GOOD[loaded.format], loaded.format, loaded)


def workbooks(data: bytes) -> None:
    """Unfold a workbook: a whole archive, or a good one with one part replaced; what its worker does, without the process."""
    name, content = _chosen(data, ("", *_PARTS))
    members: Mapping[str, str | bytes] = parts({"Sheet1": sheet(_CELLS)})
    archive = b"PK\x03\x04" + content if not name else packed({**members, name: content}, compression=0)
    try:
        told = workbook_worker.told(archive)
    except BaseException as panic:  # of the library in Rust: it ends the worker, which is no answer, which is a refusal
        if type(panic).__name__ != "PanicException":
            raise
        return
    if "refusal" in told:
        assert told["refusal"]
        return
    for number, one in enumerate(told["sheets"], start=1):  # type: ignore[arg-type,var-annotated]
        shown = workbook._sheet(one, number, "file", NOTHING, 1)
        for header in (0, 1, 3):
            rows = list(sheet_rows(shown, header=header))
            assert len({len(row.cells) for row in rows}) <= 1, "rows of one sheet are as wide as each other"
            assert all(remark.sentence for row in rows for remark in row.remarks())
        list(shown.remarks())


def roster(data: bytes) -> None:
    """Read a roster of certification keys."""
    try:
        Roster.from_csv(data, "roster.csv")
    except ConfigurationError as defect:
        assert str(defect)  # noqa: PT017 - as above


def _seeded(*names: str) -> list[bytes]:
    return [small.GOOD[name] for name in names]


_CBHI: Final = (small.ROOT / "samples/cbhi/20261012-20261018.txt").read_bytes()
_PARTS_OF: Final = parts({"Sheet1": sheet(_CELLS)})
#: A document with no edit, with one of each kind, and with one after the other.
_EDITS: Final = (
    b"\1",
    b"\2",
    *(bytes([1 + what % 2, 40 * what % 256, what, 77 * what % 256]) for what in range(8)),
    bytes(range(1, 38)),
)

#: Every target, by its name.
TARGETS: Final[Mapping[str, Target]] = {
    "delimited": Target(
        delimited,
        [bytes([at]) + (small.GOOD.get(name, _CBHI)) for at, name in enumerate(_TABLES)],
        words.OF_QUOTES,
        2_000,
    ),
    "dialect": Target(
        dialect,
        [bytes([at]) + one for at in range(5) for one in _seeded("delimited", "single", "none")],
        words.OF_QUOTES,
        1_000,
    ),
    "json": Target(json, _seeded("json", "fhir-response"), words.OF_JSON),
    "xml": Target(xml, [one.lstrip(b"<") for one in (*_seeded("xml", "fhir-xml"), _XML)], words.OF_XML),
    "hl7": Target(hl7, [one.partition(b"MSH")[2] for one in _seeded("hl7v2")], words.OF_HL7, 2_000),
    "escapes": Target(escapes, [b"a\\F\\b\\.br\\c\\X41\\d\\E\\", b"\\X0D\\PID\\F\\1", b"a^b&c~d"], words.OF_HL7, 300),
    "fhir-json": Target(
        fhir_json,
        [*(b"\0" + one[1:] for one in _seeded("fhir", "fhir-response")), *_EDITS],
        (*words.OF_JSON, *words.OF_FHIR),
    ),
    "fhir-xml": Target(fhir_xml, [*(b"\0" + one[1:] for one in _seeded("fhir-xml")), *_EDITS], words.OF_XML),
    "fhir-mapped": Target(
        fhir_mapped, [*(b"\0" + one[1:] for one in _seeded("fhir-response")), *_EDITS], (*words.OF_JSON, *words.OF_FHIR)
    ),
    "path": Target(
        paths,
        [
            b"a/b[1]/c",
            b'/a[@x = "1"]/@x',
            b'OBX[3.1 = "LDF_SLEEP"]-5.1',
            b'{urn:n}b/"e f"',
            b"*/*[2]",
            b".",
            b"PID-5.1",
        ],
        words.OF_PATH,
        200,
    ),
    "mapping": Target(mapping, [small.text_of(name).encode() for name in small.names()], words.OF_TOML),
    "workbook": Target(
        workbooks,
        [
            b"\0" + packed(_PARTS_OF)[4:],
            *(
                bytes([at]) + _PARTS_OF.get(name, "<sst><si><t>a</t></si></sst>").encode()
                for at, name in enumerate(_PARTS, 1)
            ),
        ],
        (*words.OF_XML, *words.OF_SHEET),
    ),
    "roster": Target(roster, [(small.ROOT / "samples/roster.csv").read_bytes()], words.OF_QUOTES, 2_000),
}
