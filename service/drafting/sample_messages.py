"""Samples in HL7 v2: the places that the standard names, and the answers by the code of their question."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final

from adapters import hl7_record, hl7_text
from adapters.hl7_record import Hl7Record
from canonical.payload import Payload
from service.drafting.lexicon import HL7_IDENTIFIERS, HL7_NAMES
from service.drafting.sample import NoSample, Place, Sample

_LABEL: Final = re.compile(
    r"(?P<segment>[A-Z0-9]{3})(?:\[(?P<number>[0-9]+)\])?-(?P<field>[0-9]+)(?:\[(?P<repetition>[0-9]+)\])?(?P<part>(?:\.[0-9]+)*)"
)


def hl7(payload: Payload) -> Sample:
    """Return what HL7 messages show: each is one assessment.

    Raises:
        NoSample: there is none in the file.
    """
    file = hl7_text.split(payload.content, payload.name)
    if isinstance(file, tuple):
        raise NoSample(file[0].reason)
    texts: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    records = list(hl7_record.records(file))
    for record in records:
        for path, name, text in _placed(record):
            texts.setdefault(path, []).append(text)
            names.setdefault(path, name)
    kept = [path for path in texts if len(texts[path]) > 1 or len(records) == 1]
    places = tuple(Place(path=path, name=names[path], texts=tuple(filter(None, texts[path]))) for path in kept)
    return Sample(
        name=payload.name.rpartition("/")[2], format="hl7v2", records=len(records), places=places,
        doubts=("Is each message one assessment?",),
    )  # fmt: skip


def _placed(record: Hl7Record) -> Iterator[tuple[str, str, str]]:
    """Yield path, name and text of what the standard names, and of each answer."""
    answers: dict[str, dict[str, str]] = defaultdict(dict)
    identifiers: dict[str, dict[str, str]] = defaultdict(dict)
    for field in record.all():
        found = _LABEL.fullmatch(field.source.label.rpartition(", ")[2])
        if found is None:
            continue
        place = f"{found['segment']}-{found['field']}{found['part']}"
        text = field.text.strip()
        if found["segment"] == "OBX":
            answers[found["number"] or "1"].setdefault(f"{found['field']}{found['part']}", text)
        elif place.startswith("PID-3"):
            identifiers[found["repetition"] or "1"][found["part"]] = text
        elif place in HL7_NAMES and found["repetition"] in (None, "1"):
            yield place, HL7_NAMES[place], text
    for parts in identifiers.values():
        kind = parts.get(".5", "")
        if kind in HL7_IDENTIFIERS:
            yield f'PID-3[5 = "{kind}"].1', HL7_IDENTIFIERS[kind], parts.get(".1", "")
    asked = Counter(parts.get("3.1") or parts.get("3", "") for parts in answers.values())
    for parts in answers.values():
        code = parts.get("3.1") or parts.get("3", "")
        if code and asked[code] == 1:
            value = next((text for part, text in parts.items() if part in ("5", "5.1")), "")
            escaped = code.replace("\\", "\\\\").replace('"', '\\"')
            yield f'OBX[3.1 = "{escaped}"]-5', _called(code, parts.get("3.2", "")), value


def _called(code: str, text: str) -> str:
    """Return what a question is called: in words where it is, and by its code where that says anything."""
    return text or code
