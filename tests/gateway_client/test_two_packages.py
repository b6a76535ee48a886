"""One package says what may leave, another how it is written down: an assessment from before a change, sent after it."""

from __future__ import annotations

from dataclasses import replace

import draft
import pytest
from lxml import etree

from canonical.assessment import Answer, Assessment, Source
from canonical.errors import UnfitDocument
from gateway_client.envelope import NO_PLACE, build
from specs.catalog import Catalog
from specs.spec import ConsentClass, Spec, Status

HERE = Source(file="a.json", label="here")


@pytest.fixture(scope="module")
def judging() -> Spec:
    return Catalog().named("2026.1")


@pytest.fixture(scope="module")
def sending() -> Spec:
    return Catalog().named(draft.DRAFT)


def assessed(given: dict[str, str]) -> Assessment:
    return Assessment(
        agency="riverbend",
        origin=HERE,
        answers={item: Answer(text=text, source=HERE) for item, text in given.items()},
    )


def test_the_same_package_on_both_days_writes_the_same_document(judging):
    """Naming the package of the day of sending changes nothing where it is the one of the assessment date."""
    assert build(assessed(draft.of_2026()), judging, judging) == build(assessed(draft.of_2026()), judging)


def test_what_has_no_place_is_named_and_never_left_out(judging, sending):
    """Renamed, removed: the items are named, with a reason of their own, and no document is made."""
    with pytest.raises(UnfitDocument) as refused:
        build(assessed(draft.of_2026()), judging, sending)
    assert refused.value.reasons == (NO_PLACE,)
    assert set(refused.value.items) == {"LDF_LEGAL", "LDF_RECREATIONAL", "MEMBER_ZIP"}


def test_the_dictionary_of_the_assessment_says_what_may_leave(judging, sending):
    """An item that only the newer package knows stays home: nobody asked for it on that date; its schema then says so."""
    with pytest.raises(UnfitDocument) as refused:
        build(assessed(draft.of_both(MEMBER_LANGUAGE="en")), judging, sending)
    assert refused.value.items == ("MEMBER_LANGUAGE",)
    assert NO_PLACE not in refused.value.reasons


def test_the_wire_of_the_day_of_sending_says_how_it_is_written(judging, sending):
    """Root, namespace and package of the document are those of the newer one."""
    lenient = replace(sending, schema=draft.without_insisting(sending.schema.decode()).encode())
    document = build(assessed(draft.of_both(MEMBER_LANGUAGE="en")), judging, lenient)
    root = etree.fromstring(document.content)
    assert root.tag == f"{{{sending.wire.namespace}}}Cans"
    assert document.spec == draft.VERSION


@pytest.mark.parametrize(
    ("before", "after", "closed"),
    [
        (Status.OFFICIAL, Status.OFFICIAL, False),
        (Status.PROVISIONAL, Status.OFFICIAL, True),
        (Status.OFFICIAL, Status.DRAFT, True),
    ],
)
def test_one_provisional_package_is_enough_for_the_interlock(judging, sending, before, after, closed):
    """A document is as provisional as the least trusted package that had a part in it."""
    spec = replace(judging, status=before)
    wire = replace(judging, status=after, digest="sha-256:other")
    assert build(assessed(draft.of_2026()), spec, wire).provisional is closed


def test_a_stricter_consent_class_on_the_day_of_sending_holds(judging):
    """What leaves without consent by the one package and only with it by the other does not leave, and is not stripped."""
    code = "MEMBER_LIVING_SITUATION"
    item = replace(judging.items[code], consent=ConsentClass.FULL)
    stricter = replace(judging, items={**judging.items, code: item})
    assert build(assessed(draft.of_2026()), judging, stricter).content
    with pytest.raises(UnfitDocument) as refused:
        build(assessed(draft.of_2026(CONSENT="refused")), judging, stricter)
    assert (refused.value.items, refused.value.reasons) == ((code,), (NO_PLACE,))


def test_an_item_that_stays_home_under_the_newer_package_holds(judging):
    """The newer dictionary knows it and gives it no place: it is not left out in silence either."""
    code = "MEMBER_GENDER"
    home = replace(judging, items={**judging.items, code: replace(judging.items[code], wire="")})
    with pytest.raises(UnfitDocument) as refused:
        build(assessed(draft.of_2026()), judging, home)
    assert (refused.value.items, refused.value.reasons) == ((code,), (NO_PLACE,))
