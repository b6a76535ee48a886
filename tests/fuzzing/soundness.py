"""What must hold of every reading, whatever the bytes were."""

from __future__ import annotations

from itertools import chain, islice

from adapters import registry, spans
from adapters.agency_mapping import AgencyMapping
from canonical.assessment import Reading, Source
from canonical.payload import Payload

#: So many answers of a file are written again over themselves.
_REWRITTEN = 2
#: So many places of a file are looked up.
_LOCATED = 500


def read(content: bytes, format_: str | None, mapping: AgencyMapping | None = None) -> Reading:
    """Read a file as ``ecas validate`` and ``ecas why`` do, and assert what holds of every reading."""
    payload = Payload(content=content, name="file", agency="riverbend")
    registry.detect(payload)
    reading = registry.read(payload, format=format_, mapping=mapping)
    assert reading.findings or reading.assessments, "silence"
    assert reading.ledger is None or reading.ledger.balances, "fields were lost without a trace"
    told = chain(reading.findings, *(one.findings for one in reading.assessments))
    answers = [answer for one in reading.assessments for answer in one.answers.values()]
    places = list(
        islice(dict.fromkeys([s for one in told for s in one.sources] + [a.source for a in answers]), _LOCATED)
    )
    _inside(content, registry.locate(payload, reading.format, places).values())
    _written(payload, reading, mapping, [answer.source for answer in answers][:_LOCATED])
    return reading


def _inside(content: bytes, sources) -> None:
    lines = 1 + content.count(b"\n") + content.count(b"\r")
    for source in sources:
        assert source.line is None or 1 <= source.line <= lines, "a line that the file does not have"
        assert source.column is None or 1 <= source.column <= len(content) + 1, "a column that the file does not have"


def _written(payload: Payload, reading: Reading, mapping: AgencyMapping | None, sources: list[Source]) -> None:
    """Assert that values stand inside the file, and that writing one over itself changes no answer."""
    found = spans.find(payload, reading.format, mapping, sources)
    for one in found.values():
        assert 0 <= one.start <= one.end <= len(payload.content), "a value outside the file"
    for source in sources[:_REWRITTEN]:
        one = found.get(source)
        characters = one.put(one.text) if one else None
        if one is None or characters is None:
            continue
        content = payload.content[: one.start] + characters.encode(one.encoding) + payload.content[one.end :]
        again = registry.read(
            Payload(content=content, name=payload.name, agency=payload.agency), format=reading.format, mapping=mapping
        )
        assert _texts(again) == _texts(reading), "a value written over itself reads as another"


def _texts(reading: Reading) -> list[dict[str, str]]:
    return [{item: answer.text for item, answer in one.answers.items()} for one in reading.assessments]
