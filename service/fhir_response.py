"""A QuestionnaireResponse that answers our exported Questionnaire, written from answers in canonical form.

What is written here reads back through ``adapters.fhir`` to the same answers, conforming or not: an answer that its
item's FHIR type cannot carry (a date that is no day, a number in words) stands there as a ``valueString``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from canonical.occurrence import parted
from service import fhir_names
from specs.spec import Code, Item, Spec, Type

Json: TypeAlias = dict[str, Any]

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,9}")
_LARGEST: Final = 2**31 - 1
_CODE: Final = re.compile(r"\S+(\s\S+)*")


def questionnaire_response(answers: Mapping[str, str], spec: Spec) -> bytes:
    """Return the JSON of one QuestionnaireResponse: sections as groups, in the order of the form and the dictionary.

    Answers to items that the dictionary does not know stand at the end, outside every group.
    """
    response: Json = {"resourceType": "QuestionnaireResponse", "status": "completed"}
    instrument = spec.instruments.get(answers.get("INSTRUMENT", ""))
    if instrument:
        response["questionnaire"] = fhir_names.versioned(fhir_names.questionnaire(instrument.code), spec)
    items = [*_groups(answers, spec), *_strangers(answers, spec)]
    if items:
        response["item"] = items
    return json.dumps(response, ensure_ascii=False, indent=2).encode() + b"\n"


def _groups(answers: Mapping[str, str], spec: Spec) -> list[Json]:
    """Return a group for each section that has answers, and again for each further occurrence of it."""
    groups: dict[str, dict[int, list[Json]]] = {section: {} for section in _sections(answers, spec)}
    for item in spec.occurrences.values():
        if answers.get(item.code):
            question = _answered(parted(item.code)[0], _value(item, answers[item.code], spec))
            groups.setdefault(item.section, {}).setdefault(item.occurrence, []).append(question)
    return [
        _group(section, items.get(number, []))
        for section, items in groups.items()
        for number in range(1, max(items, default=0) + 1)
    ]


def _sections(answers: Mapping[str, str], spec: Spec) -> list[str]:
    """Return the sections in the order of the answered form; those that it lacks come as they come."""
    form = spec.instruments.get(answers.get("INSTRUMENT", ""))
    return [section.code for section in form.sections] if form else []


def _group(section: str, items: list[Json]) -> Json:
    """Return one occurrence of a section; one without answers keeps the place of those behind it."""
    return {"linkId": section, "item": items} if items else {"linkId": section}


def _strangers(answers: Mapping[str, str], spec: Spec) -> list[Json]:
    return [
        _answered(code, {"valueString": text})
        for code, text in answers.items()
        if text and code not in spec.occurrences
    ]


def _answered(code: str, value: Json) -> Json:
    return {"linkId": code, "answer": [value]}


def _value(item: Item, text: str, spec: Spec) -> Json:
    """Return an answer as its item's type asks, or as a text where the type cannot carry it."""
    codes = fhir_names.list_of(item)
    if codes is not None and _CODE.fullmatch(text):
        return {"valueCoding": _coding(codes, text, spec)}
    match item.type:
        case Type.DATE if _is_date(text):
            return {"valueDate": text}
        case Type.DATETIME if _is_datetime(text):
            return {"valueDateTime": text}
        case Type.INTEGER if _INTEGER.fullmatch(text) and abs(int(text)) <= _LARGEST:
            return {"valueInteger": int(text)}
        case Type.BOOLEAN if text in ("true", "false"):
            return {"valueBoolean": text == "true"}
        case _:
            return {"valueString": text}


def _coding(codes: str, text: str, spec: Spec) -> dict[str, str]:
    """Return a coding with the label for people; a code that is not in the list has none."""
    coding = {"system": fhir_names.code_system(codes), "code": text}
    label = fhir_names.TRISTATE_CODES.get(text) if codes == fhir_names.TRISTATE else _label(spec.codes[codes].get(text))
    return {**coding, "display": label} if label else coding


def _label(code: Code | None) -> str | None:
    return code.label if code else None


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is_datetime(text: str) -> bool:
    if not _DATETIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
