from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.script import WeatherDefect
from sandbox.spell import Do, On, Subject
from sandbox.weather import Weather

NOW = datetime(2026, 12, 1, 4, 59, 59, tzinfo=UTC)


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
        ("[[weather]]\ndo = 'accept'\non = 'monday'", "`on` is one of: submit, status, query, token"),
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
        ("[[weather]]\ndo = 'pending'\non = 'status'", "`pending` cannot meet a status: it is a verdict"),
        ("[[weather]]\ndo = 'accept'\n[[weather]]\ndo = 'slow'", "weather entry 2: `slow` needs"),
        ("latency_ms = [9, 3]", "the least and the most"),
        ("latency_ms = [1, 2, 3]", "`latency_ms` is a number"),
        ("seed = -1", "`seed` is a whole number, 0 or more"),
        ("[[weather]]\ndo = 'accept'\nshare = 1.5", "`share` is a number from 0 to 1"),
        ("[[weather]]\ndo = 'drip'", "`drip` needs `seconds`"),
        ("[[weather]]\ndo = 'too-many'\nretry_after = 3\nretry_after_date = 3", "not both"),
        ("[[weather]]\ndo = 'refuse-token'", "`refuse-token` cannot meet a submit"),
        ("[[weather]]\ndo = 'forget'\non = 'token'", "`forget` cannot meet a token"),
        ("[[weather]]\ndo = 'refuse-token'\non = 'token'\nstatus = 500", "`status` is 400 or 401"),
        ("outage = 3", "write [[outage]]"),
        ("[[outage]]\ndo = 'unavailable'", "outage entry 1: it begins `from` a moment, or `after_requests`"),
        ("[[outage]]\ndo = 'unavailable'\nfrom = 2026-12-01T05:00:00", "`from` is a moment with its offset"),
        ("[[outage]]\ndo = 'unavailable'\nfrom = 'noon'", "`from` is a moment with its offset"),
        (
            "[[outage]]\ndo = 'unavailable'\nfrom = 2026-12-01T05:00:00Z\nto = 2026-12-01T04:00:00Z",
            "`to` is after `from`",
        ),
        (
            "[[outage]]\ndo = 'unavailable'\nfrom = 2026-12-01T05:00:00Z\nfor_requests = 2",
            "`for_requests` goes with `after_requests`",
        ),
        ("[[outage]]\ndo = 'slow'\nseconds = 1\nafter_requests = 1", "nothing reaches the state in an outage"),
        ("[[outage]]\ndo = 'error-page'\ntaken = true\nafter_requests = 1", "nothing reaches the state in an outage"),
        ("[[spec]]\nafter_requests = 1", "by `version` or by `folder`"),
        ("[[spec]]\nversion = '2026.1'", "spec entry 1: it begins `from` a moment"),
        ("[[spec]]\nafter_requests = 1\nfolder = 'x'", "only a script that is a file names a `folder`"),
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
    assert [s.nth for s in subjects if weather.meet(On.SUBMIT, s, NOW).do is Do.UNAVAILABLE] == met


def test_unknown_subject() -> None:
    """A key that the state never saw is meant only by an entry that means everyone."""
    narrow = Weather.from_toml(b"[[weather]]\non='query'\nmatch={every=1}\ndo='unavailable'", "w")
    wide = Weather.from_toml(b"[[weather]]\non='query'\ndo='unavailable'", "w")
    assert narrow.meet(On.QUERY, Subject(name="k"), NOW).do is Do.ACCEPT
    assert wide.meet(On.QUERY, Subject(name="k"), NOW).do is Do.UNAVAILABLE


def test_times() -> None:
    """Entries are used up one after the other, for each document by itself."""
    weather = Weather.from_toml(b"[[weather]]\ntimes=2\ndo='unavailable'\n[[weather]]\ntimes=1\ndo='too-many'", "w")
    for name in ("a", "b"):
        met = [weather.meet(On.SUBMIT, Subject(name=name), NOW).do for _ in range(4)]
        assert met == [Do.UNAVAILABLE, Do.UNAVAILABLE, Do.TOO_MANY, Do.ACCEPT]


def test_json_and_toml() -> None:
    """A script means the same in JSON."""
    toml = Weather.from_toml(b"latency_ms=20\n[[weather]]\ndo='reject'\nreasons=['B012']", "w")
    json = Weather.from_json(b'{"latency_ms": 20, "weather": [{"do": "reject", "reasons": ["B012"]}]}', "w")
    assert json.script == toml.script
    assert toml.latency() == 0.02


def test_moments_in_json() -> None:
    """JSON has no moments; their texts mean the same."""
    toml = Weather.from_toml(b"[[outage]]\nfrom=2026-12-01T05:00:00Z\ndo='unavailable'", "w")
    json = Weather.from_json(b'{"outage": [{"from": "2026-12-01T05:00:00Z", "do": "unavailable"}]}', "w")
    assert json.script == toml.script


@pytest.mark.parametrize(
    ("span", "met"),
    [
        ("from=2026-12-01T05:00:00Z", [3, 4, 5, 6]),
        ("from=2026-12-01T05:00:00Z\nto=2026-12-01T05:00:02Z", [3, 4]),
        ("from=2026-12-01T05:00:00Z\nfor_seconds=3", [3, 4, 5]),
        ("from=2026-12-01T06:00:01+01:00", [4, 5, 6]),
        ("after_requests=4", [5, 6]),
        ("after_requests=1\nfor_requests=2", [2, 3]),
        ("after_requests=1\nfor_seconds=2", [2, 3]),
        ("after_requests=0\nto=2026-12-01T05:00:01Z", [1, 2, 3]),
    ],
)
def test_spans(span: str, met: list[int]) -> None:
    """An outage holds from its beginning on, and no longer at its end; one request comes each second."""
    weather = Weather.from_toml(f"[[outage]]\n{span}\ndo='unavailable'".encode(), "w")
    seconds = [NOW + timedelta(seconds=ahead) for ahead in (-1, 0, 1, 2, 3, 4)]
    heard = [weather.meet(On.QUERY, Subject(name="k"), second).do for second in seconds]
    assert [place for place, do in enumerate(heard, start=1) if do is Do.UNAVAILABLE] == met


def test_spread() -> None:
    """The spread lies between its ends, and is the same again for the same seed."""
    weather = Weather.from_toml(b"latency_ms=[20, 60]\nseed=1", "w")
    twin = Weather.from_toml(b"latency_ms=[20, 60]\nseed=1", "w")
    waits = [weather.latency() for _ in range(200)]
    assert waits == [twin.latency() for _ in range(200)]
    assert 0.02 <= min(waits) < 0.03
    assert 0.05 < max(waits) <= 0.06
