from __future__ import annotations

from operator import attrgetter

import pytest
from sqlalchemy import insert

from service.outbox import schema as t
from service.outbox.engine import writing

OSTROWSKI = "EX-0001,Ostrowski,Delphine,,,MA,2025-03-11,,2027-03-11"
VILLANUEVA = "EX-0002,Villanueva,Corinna,,,MA,2025-01-10,,2027-01-10"


def take(service, roster, agency="riverbend"):
    return service.rosters.take(agency, roster, actor="a test", content=b"the file")


def lines(service, agency="riverbend"):
    found = service.rosters.of(agency)
    return sorted((line.key, line.last_name, line.first_name, line.status.value) for line in found.assessors)


def test_what_is_judged_by_is_what_the_file_said(service, roster):
    """Every column of every line comes back out of the database."""
    given = roster(
        'EX-0001,Ostrowski,Delphine,"Vale, Delphine until 2024-05-01;Marsh",riverbend;harborlight,NH,2025-03-11,2025-03-12,2027-03-11,active,2025-03-01',
        "EX-0001,Ostrowski,Delphine,,riverbend,MA,2023-03-11,,2025-03-11,archived,",
        "EX-0003,O'Shaughnessy-Ng,,,,,,,,awaiting_approval,",
    )
    take(service, given)
    by_key_and_state = attrgetter("key", "state")
    read = service.rosters.of("riverbend").assessors
    assert sorted(read, key=by_key_and_state) == sorted(given.assessors, key=by_key_and_state)


def test_a_preview_tells_all_and_writes_nothing(service, roster):
    """Added, changed and gone, by line; and the roster is what it was."""
    take(service, roster(OSTROWSKI, VILLANUEVA))
    before = service.rosters.of("riverbend").digest
    planned, _ = service.rosters.preview(
        "riverbend", roster(OSTROWSKI.replace("2027", "2028"), "EX-0003,Peltier,Auguste")
    )
    assert [line.key for line in planned.added] == ["EX-0003"]
    assert [(one.line.key, one.columns) for one in planned.changed] == [("EX-0001", ("expires_on",))]
    assert [certificate.key for _, certificate in planned.gone] == ["EX-0002"]
    assert service.rosters.of("riverbend").digest == before


def test_the_same_file_again_changes_nothing(service, roster):
    """No history grows, and the roster that reports name stays the same."""
    take(service, roster(OSTROWSKI, VILLANUEVA))
    before = service.rosters.of("riverbend").digest
    assert take(service, roster(VILLANUEVA, OSTROWSKI)).empty
    assert service.rosters.of("riverbend").digest == before


def test_who_is_gone_stays_in_the_history(service, roster):
    """Nobody is deleted: what was said of a person is there after the person left the roster, and came back."""
    take(service, roster(OSTROWSKI, VILLANUEVA))
    (villanueva,) = (one for one in service.rosters.standing("riverbend").people if one.last_name == "Villanueva")
    take(service, roster(OSTROWSKI))
    assert service.rosters.person("riverbend", villanueva.id) is None
    assert [change.what for change in service.rosters.history("riverbend", villanueva.id)] == ["added", "gone"]
    assert service.rosters.history("riverbend", villanueva.id)[0].person == villanueva
    take(service, roster(OSTROWSKI, VILLANUEVA))
    assert [row[0] for row in lines(service)] == ["EX-0001", "EX-0002"]


def test_a_new_name_leaves_the_old_one_behind(service, roster, clock):
    """The old name becomes a former one, with the day; a later file that does not know it takes it away from nobody."""
    take(service, roster(OSTROWSKI))
    renamed = roster(OSTROWSKI.replace("Ostrowski", "Ostrowski-Vale"))
    take(service, renamed)
    (person,) = service.rosters.standing("riverbend").people
    assert person.former_names == (f"Ostrowski, Delphine until {clock().date()}",)
    assert take(service, renamed).empty


def test_a_corrected_spelling_is_no_change_of_name(service, roster):
    """An accent that was missing leaves no former name."""
    take(service, roster("EX-0001,Pena,Ana"))
    take(service, roster("EX-0001,Peña,Ana"))
    (person,) = service.rosters.standing("riverbend").people
    assert (person.last_name, person.former_names) == ("Peña", ())


def test_a_key_that_was_another_person_s_takes_no_name_along(service, roster):
    """A line that was wrong is put right: nobody may go on assessing under the first person's name."""
    take(service, roster(OSTROWSKI))
    take(service, roster("EX-0001,Abernathy,Solveig,,,MA,2025-03-11"))
    (person,) = service.rosters.standing("riverbend").people
    assert (person.last_name, person.former_names) == ("Abernathy", ())


def test_one_person_with_two_keys_is_one_person(service, roster):
    """Lines that agree in name, agencies and state stand under one person, whose other line may change alone."""
    duplicate = "EX-0009,Ostrowski,Delphine,,,MA,2025-06-01"
    take(service, roster(OSTROWSKI, duplicate))
    (before,) = service.rosters.standing("riverbend").people
    take(service, roster(OSTROWSKI, duplicate + ",,,archived"))
    (after,) = service.rosters.standing("riverbend").people
    assert after.id == before.id
    assert [(one.key, one.archived) for one in after.certificates] == [("EX-0001", False), ("EX-0009", True)]


@pytest.mark.parametrize(
    ("mine", "theirs", "conflict"),
    [
        (OSTROWSKI, "EX-0001,Abernathy,Solveig", True),
        (OSTROWSKI, "EX-0001,OSTROWSKI,Delphine M.", False),
        (OSTROWSKI, 'EX-0001,Vale,Delphine,"Ostrowski, Delphine"', False),
        (OSTROWSKI, "EX-0001,Abernathy,Solveig,,,,,,,archived", False),
        (OSTROWSKI, "EX-0002,Abernathy,Solveig", False),
    ],
    ids=[
        "another person",
        "the same name, other spelling",
        "the same by a former name",
        "archived there",
        "another key",
    ],
)
def test_two_agencies_learn_of_a_conflict_and_nothing_else(service, roster, mine, theirs, conflict):
    """Each is told that another agency holds the key for another person; whom, or which agency, neither is told."""
    take(service, roster(mine))
    take(service, roster(theirs), agency="harborlight")
    for agency, foreign in (("riverbend", "Abernathy"), ("harborlight", "Ostrowski")):
        held = service.rosters.standing(agency)
        assert bool(held.elsewhere) is conflict
        assert [one.message for one in held.conflicts] == [
            "Another agency holds this key for another person."
        ] * conflict
        if conflict:
            assert foreign not in "".join(line.last_name for one in held.conflicts for line in one.lines)


def test_the_other_agency_s_mistake_stops_nobody(service, roster):
    """A conflict between agencies is told, not judged: each agency's roster speaks for its own assessors."""
    take(service, roster(OSTROWSKI))
    before = service.rosters.of("riverbend").digest
    take(service, roster("EX-0001,Abernathy,Solveig"), agency="harborlight")
    assert service.rosters.of("riverbend").digest == before


def test_a_roster_of_an_earlier_release_is_brought_over(service, roster):
    """It kept the file alone; the first look at it fills the tables."""
    content = (b"key,last_name,first_name,former_names,agencies,state,certified_on,issued_on,expires_on,status,approved_on\n"
               b"EX-0001,Ostrowski,Delphine,,,MA,2025-03-11,,,,\n")  # fmt: skip
    with writing(service.engine) as connection:
        sealed = service.vault.seal(content, "roster", "riverbend")
        connection.execute(insert(t.roster).values(agency="riverbend", imported_at=0, sealed=sealed))
    assert lines(service) == [("EX-0001", "Ostrowski", "Delphine", "active")]
    (person,) = service.rosters.standing("riverbend").people
    assert [change.actor for change in service.rosters.history("riverbend", person.id)] == ["the upgrade"]
