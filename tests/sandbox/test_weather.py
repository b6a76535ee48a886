from __future__ import annotations

import pytest

from sandbox.weather import Do, On, Subject, Weather, WeatherDefect


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("[[weather]", "not TOML"),
        ("a = " + "[" * 5000, "not TOML"),
        ("weather = 3", "write [[weather]]"),
        ("weather = [3]", "weather entry 1: an entry is a table"),
        ("storm = 1", "`storm` means nothing to the script"),
        ("latency_ms = -1", "`latency_ms` is a number"),
        ("latency_ms = nan", "`latency_ms` is a number"),
        ("latency_ms = true", "`latency_ms` is a number"),
        ("[[weather]]\non = 'submit'", "`do` is one of: accept"),
        ("[[weather]]\ndo = 'rain'", "`do` is one of: accept"),
        ("[[weather]]\ndo = 'accept'\non = 'monday'", "`on` is one of: submit, status, query"),
        ("[[weather]]\ndo = 'accept'\ntimes = 0", "`times` is a whole number, 1 or more"),
        ("[[weather]]\ndo = 'accept'\ntimes = 1.5", "`times` is a whole number"),
        ("[[weather]]\ndo = 'accept'\nretry_after = 3", "`retry_after` means nothing to `accept`"),
        ("[[weather]]\ndo = 'accept'\nmatch = {third = 1}", "`third` means nothing to `match`"),
        ("[[weather]]\ndo = 'accept'\nmatch = {nth = 0}", "`nth` is a whole number, 1 or more"),
        ("[[weather]]\ndo = 'reject'", "`reject` needs `reasons`"),
        ("[[weather]]\ndo = 'reject'\nreasons = []", "`reasons` is a list"),
        ("[[weather]]\ndo = 'reject'\nreasons = [{item = 'X'}]", "a reason needs `code`"),
        ("[[weather]]\ndo = 'reject'\nreasons = [\"a\\nb\"]", "`code` is a text in one line"),
        ("[[weather]]\ndo = 'redirect'", "`redirect` needs `to`"),
        ("[[weather]]\ndo = 'slow'", "`slow` needs `seconds`"),
        ("[[weather]]\ndo = 'slow'\nseconds = inf", "`seconds` is a number"),
        ("[[weather]]\ndo = 'unavailable'\nretry_after = [1]", "`retry_after` is a number of seconds"),
        ("[[weather]]\ndo = 'error-page'\ntaken = 1", "`taken` is true or false"),
        ("[[weather]]\ndo = 'pending'\non = 'status'", "`pending` is a verdict"),
        ("[[weather]]\ndo = 'accept'\n[[weather]]\ndo = 'slow'", "weather entry 2: `slow` needs"),
    ],
)
def test_defects(toml: str, sentence: str) -> None:
    """A script that is wrong is refused with its name, the entry, and what is wrong with it."""
    with pytest.raises(WeatherDefect) as raised:
        Weather.from_toml(toml.encode(), "weather.toml")
    assert "weather.toml: " in str(raised.value)
    assert sentence in str(raised.value)


def test_all_defects_at_once() -> None:
    """Everything that is wrong is said at once."""
    with pytest.raises(WeatherDefect) as raised:
        Weather.from_json(b'{"weather": [{"do": "slow"}, {"do": "reject"}], "x": 1}', "weather.json")
    assert len(str(raised.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("match", "met"),
    [
        ("{}", [1, 2, 3, 4, 5, 6]),
        ("{nth = 3}", [3]),
        ("{every = 2}", [2, 4, 6]),
        ("{child_nth = 1}", [1, 2, 3]),
        ("{every = 3, child_nth = 2}", [6]),
        ("{document_id = 'd4'}", [4]),
    ],
)
def test_match(match: str, met: list[int]) -> None:
    """Each condition of a match narrows the documents that are meant."""
    weather = Weather.from_toml(f"[[weather]]\nmatch = {match}\ndo = 'unavailable'".encode(), "w")
    subjects = [
        Subject(name=f"s{nth}", document_id=f"d{nth}", nth=nth, child_nth=1 if nth < 4 else 2) for nth in range(1, 7)
    ]
    assert [s.nth for s in subjects if weather.meet(On.SUBMIT, s).do is Do.UNAVAILABLE] == met


def test_unknown_subject() -> None:
    """A key that the state never saw is meant only by an entry that means everyone."""
    narrow = Weather.from_toml(b"[[weather]]\non='query'\nmatch={every=1}\ndo='unavailable'", "w")
    wide = Weather.from_toml(b"[[weather]]\non='query'\ndo='unavailable'", "w")
    assert narrow.meet(On.QUERY, Subject(name="k")).do is Do.ACCEPT
    assert wide.meet(On.QUERY, Subject(name="k")).do is Do.UNAVAILABLE


def test_times() -> None:
    """Entries are used up one after the other, for each document by itself."""
    weather = Weather.from_toml(b"[[weather]]\ntimes=2\ndo='unavailable'\n[[weather]]\ntimes=1\ndo='too-many'", "w")
    for name in ("a", "b"):
        met = [weather.meet(On.SUBMIT, Subject(name=name)).do for _ in range(4)]
        assert met == [Do.UNAVAILABLE, Do.UNAVAILABLE, Do.TOO_MANY, Do.ACCEPT]


def test_json_and_toml() -> None:
    """A script means the same in JSON."""
    toml = Weather.from_toml(b"latency_ms=20\n[[weather]]\ndo='reject'\nreasons=['B012']", "w")
    json = Weather.from_json(b'{"latency_ms": 20, "weather": [{"do": "reject", "reasons": ["B012"]}]}', "w")
    assert (json.spells, json.latency) == (toml.spells, toml.latency) == (toml.spells, 0.02)
