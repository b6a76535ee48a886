"""The forty as JSON and XML of a shape of the sender's own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

from forty.assessments import Answers, spec
from forty.words import Words, lines

from specs.spec import Type

ISO = Words(day="%Y-%m-%d")
#: Without this every parser of XML reads a line feed.
_RETURN = {"\r": "&#13;"}
GERMAN = Words(day="%d.%m.%Y")


def in_json(assessments: Sequence[Answers]) -> bytes:
    """Return one object an assessment; a section is an array of its occurrences."""
    visits = [{"sections": _sections(answers, ISO)} for answers in assessments]
    return json.dumps({"visits": visits}, ensure_ascii=False).encode()


def json_mapping() -> str:
    places = {code: f"from = 'sections/{_section(code)}[{_number(code)}]/{_base(code)}'" for code in lines()}
    return ISO.mapping("json", places, 'records = "visits"')


def in_xml(assessments: Sequence[Answers]) -> bytes:
    """Return one element an assessment: short answers are attributes, comments are text."""
    parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<export xmlns="urn:example:visits">']
    for answers in assessments:
        parts.append("<visit>")
        for section, occurrences in _sections(answers, GERMAN).items():
            for number, said in enumerate(occurrences, start=1):
                parts.append(f'<part name="{section}" no="{number}">')
                parts += [_answer(code, str(text)) for code, text in said.items()]
                parts.append("</part>")
        parts.append("</visit>")
    return "".join((*parts, "</export>")).encode()


def xml_mapping() -> str:
    places = {
        code: f"""from = 'part[@name = "{_section(code)}"][@no = "{_number(code)}"]/a[@q = "{_base(code)}"]{_at(code)}'"""
        for code in lines()
    }
    return GERMAN.mapping("xml", places, 'records = "export/visit"')


def _answer(code: str, text: str) -> str:
    if _at(code):
        return f"<a q={quoteattr(code)} value={quoteattr(text, _RETURN)}/>"
    return f"<a q={quoteattr(code)}>{escape(text, _RETURN)}</a>"


def _at(code: str) -> str:
    return "" if _base(code).endswith("COMMENT") else "/@value"


def _sections(answers: Answers, words: Words) -> dict[str, list[dict[str, object]]]:
    sections: dict[str, list[dict[str, object]]] = {}
    for code, text in answers.items():
        occurrences = sections.setdefault(_section(code), [])
        occurrences += [{} for _ in range(_number(code) - len(occurrences))]
        whole = spec().occurrences[code].type is Type.INTEGER
        occurrences[_number(code) - 1][_base(code)] = int(text) if whole else words.word(code, text)
    return sections


def _section(code: str) -> str:
    return spec().occurrences[code].section


def _number(code: str) -> int:
    return spec().occurrences[code].occurrence


def _base(code: str) -> str:
    return code.partition(".")[0]
