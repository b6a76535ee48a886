"""The one door to samples: a file, and what it shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from adapters import registry
from adapters.mapping_places import TABLES
from canonical.errors import ConfigurationError
from canonical.payload import Payload
from service.drafting.names import ItemNames
from service.drafting.quoting import listed
from service.drafting.sample import NoSample, Sample

#: What exports write where nothing is answered.
_NOTHING: Final = frozenset({"n/a", "-", "--", "---", "null", "(none)", "."})


#: An assessment has some two hundred items.
_MOST_PLACES: Final = 1000


def sample_of(payload: Payload, format_: str | None, names: ItemNames) -> Sample:
    """Return what a file shows that somebody took from their export.

    Args:
        payload: the file.
        format_: what it is; None where it is to be found out.
        names: says whether a text is likely to be the name of an item.

    Raises:
        ConfigurationError: nothing can be drafted from it.
    """
    if not payload.content:
        raise ConfigurationError(f"{payload.name} is empty; nothing can be drafted from it.")
    found = format_ or registry.detect(payload)
    if found is None:
        raise ConfigurationError(f"{payload.name} is in no format that we read; nothing can be drafted from it.")
    try:
        sample = _answered(_read(payload, found, names))
    except NoSample as refused:
        raise ConfigurationError(f"{payload.name}: {refused}") from None
    if len(sample.places) > _MOST_PLACES:
        raise ConfigurationError(
            f"{payload.name}: The file has more than {_MOST_PLACES:,} places to compare; leave some out."
        )
    return sample


def _answered(sample: Sample) -> Sample:
    """Return the sample without the words that stand for nothing, which the mapping names instead."""
    nothing = sorted({text for place in sample.places for text in place.texts if text.casefold() in _NOTHING})
    if not nothing:
        return sample
    places = tuple(replace(p, texts=tuple(t for t in p.texts if t not in nothing)) for p in sample.places)
    return replace(sample, places=places, head=(*sample.head, f"empty = {listed(nothing)}"))


def _read(payload: Payload, format_: str, names: ItemNames) -> Sample:
    if format_ in TABLES:
        from service.drafting import sample_tables  # noqa: PLC0415 - what reads a format is imported when it is met

        return (
            sample_tables.delimited(payload, names)
            if format_ == "delimited"
            else sample_tables.workbook(payload, names)
        )
    if format_ == "fhir":
        from service.drafting.sample_responses import fhir  # noqa: PLC0415

        return fhir(payload, names)
    if format_ == "hl7v2":
        from service.drafting.sample_messages import hl7  # noqa: PLC0415

        return hl7(payload)
    from service.drafting import sample_documents  # noqa: PLC0415

    return sample_documents.json(payload) if format_ == "json" else sample_documents.xml(payload)
