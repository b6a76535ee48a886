"""The page that lists what each tier catches."""

from __future__ import annotations

import pytest
from fhir_probes import PAGE, PROBES, caught, page, response

from adapters.fhir_conformance import complaints
from adapters.fhir_release import Release


def test_the_page_is_fresh():
    """What docs/fhir-tiers.md says of each tier is what each tier does."""
    assert PAGE.read_text("utf-8") == page()


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("probe", PROBES)
def test_what_either_tier_catches_is_a_complaint(probe, release):
    """A document is right only where both tiers say so."""
    document = response()
    assert complaints(document, release) == []
    PROBES[probe](document)
    assert (complaints(document, release) != []) is any(caught(probe, release))


@pytest.mark.parametrize("release", Release)
def test_each_tier_is_needed(release):
    """Each catches something that the other does not."""
    assert {(True, False), (False, True)} <= {caught(probe, release) for probe in PROBES}
