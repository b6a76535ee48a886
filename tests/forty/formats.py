"""Every format that the forty are written in, its mapping, and what it cannot carry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forty import messages, responses, tables, trees
from forty.assessments import Answers

#: Writes assessments as the files that this format needs for them.
Writer = Callable[[Sequence[Answers]], list[bytes]]


@dataclass(frozen=True)
class Format:
    """One way of writing the forty."""

    #: The line of docs/formats.md that tells of it.
    name: str
    #: How files of it are called.
    suffix: str
    write: Writer
    #: The mapping's text; None where none is needed.
    mapping: str | None = None
    #: The encoding, where it has no sign for every character.
    encoding: str | None = None

    def carries(self, answers: Answers) -> bool:
        """Return whether every sign of an assessment can stand in this format."""
        if self.encoding is None:
            return True
        try:
            "".join(answers.values()).encode(self.encoding)
        except UnicodeEncodeError:
            return False
        return True


def formats() -> tuple[Format, ...]:
    """Return them all."""
    return (*_responses(), *_tables(), *_trees(), *_messages())


def _responses() -> tuple[Format, ...]:
    return (
        Format("FHIR R4, JSON", "json", _each(responses.r4)),
        Format("FHIR R4, XML", "xml", _each(responses.r4_xml)),
        Format("FHIR R5, JSON", "json", _each(responses.r5)),
        Format("FHIR R5, XML", "xml", _each(responses.r5_xml)),
    )


def _tables() -> tuple[Format, ...]:
    plain, old = tables.wide_mapping(), tables.wide_mapping('encoding = "windows-1252"')
    return (
        Format("CSV, UTF-8", "csv", _wide(","), plain),
        Format("CSV, UTF-8 with BOM", "csv", _wide(",", "utf-8-sig"), plain),
        Format("CSV, UTF-16", "csv", _wide(",", "utf-16"), plain),
        Format("CSV, Windows-1252", "csv", _wide(",", "windows-1252"), old, "windows-1252"),
        Format("Semicolons", "csv", _wide(";"), tables.wide_mapping('delimiter = ";"')),
        Format("Tabs (TSV)", "tsv", _wide("\t"), tables.wide_mapping('delimiter = "\\t"')),
        Format("Bars", "txt", _wide("|"), tables.wide_mapping('delimiter = "|"')),
        Format("One row an item", "csv", _whole(tables.long), tables.long_mapping()),
        Format("No header", "txt", _whole(tables.positional), tables.positional_mapping()),
        Format("Excel, xlsx", "xlsx", _whole(tables.xlsx), tables.workbook_mapping()),
        Format("Excel, xls", "xls", _whole(tables.xls), tables.workbook_mapping()),
    )


def _trees() -> tuple[Format, ...]:
    return (
        Format("JSON of any shape", "json", _whole(trees.in_json), trees.json_mapping()),
        Format("XML of any shape", "xml", _whole(trees.in_xml), trees.xml_mapping()),
    )


def _messages() -> tuple[Format, ...]:
    return (
        Format("HL7 v2, ORU", "hl7", _each(messages.oru), messages.mapping()),
        Format("HL7 v2, MDM", "hl7", _each(messages.mdm), messages.mapping("TXA-12")),
        Format("HL7 v2, batch file", "hl7", _whole(messages.batch), messages.mapping()),
    )


def _each(write: Callable[[Answers], bytes]) -> Writer:
    return lambda assessments: [write(answers) for answers in assessments]


def _whole(write: Callable[[Sequence[Answers]], bytes]) -> Writer:
    return lambda assessments: [write(assessments)]


def _wide(delimiter: str, encoding: str = "utf-8") -> Writer:
    return _whole(lambda assessments: tables.wide(assessments, delimiter, encoding))
