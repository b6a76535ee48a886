"""A hold that releases itself, end to end: nobody sends anything again."""

from __future__ import annotations

import pytest
from stage import stage

from service.sample_files import SAMPLES


@pytest.mark.timeout(120)
def test_the_roster_import_that_knows_the_key_releases_what_waits_for_it(tmp_path):
    """Held for an unknown key, with a later assessment of the same child behind it; both accepted after the import, in order."""
    known = (SAMPLES / "roster.csv").read_text()
    held = (SAMPLES / "bad/unknown-key.json").read_text()
    later = (SAMPLES / "good/five-through-twenty.json").read_text().replace("RB-CANS-2026-00871", "the-next-one")
    (tmp_path / "held.json").write_text(held)
    (tmp_path / "later.json").write_text(later)
    place = tmp_path / "stage"
    place.mkdir()
    with stage(place) as here:
        assert here.try_("submit", str(tmp_path / "held.json")) == 1
        assert here.try_("submit", str(tmp_path / "later.json")) == 0
        here.run("work", "--until-idle")
        assert _states(here) == ["held", "ready"]
        assert here.ledger()["documents"] == []
        (unknown,) = _keys(held) - _keys(later)
        (tmp_path / "roster.csv").write_text(
            known + f"{unknown},Ostrowski,Delphine,,riverbend,MA,2025-03-11,,,active,\n"
        )
        assert "1 held submission" in here.run("keys", "import", str(tmp_path / "roster.csv"), "--agency", "riverbend")
        here.run("work", "--until-idle")
        assert _states(here) == ["accepted", "accepted"]
        order = {row["document_id"]: (row["order"], row["effects"]) for row in here.ledger()["documents"]}
        assert list(order.values()) == [(1, 1), (2, 1)]
        assert order["the-next-one"] == (2, 1)


def _states(here) -> list[str]:
    """Return the states in the order of submission."""
    return [entry["state"] for entry in reversed(here.ask("/v1/submissions")["submissions"])]


def _keys(text: str) -> set[str]:
    return {line.split('"')[3] for line in text.splitlines() if '"value": "MA-CANS' in line}
