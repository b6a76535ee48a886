from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.json_record import JsonDocument, JsonRecord, read_json
from adapters.path import LONGEST, MOST_SELECTORS, MOST_STEPS, Name, PathDefect, Step, Where, parse, quoted

DEFECTS = [
    ("", 1, "name is expected"),
    ("//a", 2, "name is expected"),
    ("a/", 3, "name is expected"),
    ("a//b", 3, "name is expected"),
    ("a b", 2, "step ends here"),
    ("a[", 3, "name is expected"),
    ("a[]", 3, "name is expected"),
    ("a[0]", 3, "counts from 1"),
    ("a[1000001]", 3, "counts from 1"),
    ("a[" + "9" * 900 + "]", 3, "counts from 1"),
    ("a[-1]", 5, "“=” is missing"),
    ("a[1", 4, "“=” is missing"),
    ("a[1 ", 5, "“=” is missing"),
    ("a[b]", 4, "“=” is missing"),
    ("a[b=c]", 5, "double quotes"),
    ("a[b='c']", 5, "double quotes"),
    ('a[b="c]', 5, "double quotes"),
    ('a[b="c"', 8, "close the selector"),
    ('a[b="\\n"]', 5, "double quotes"),
    ('a[@b/c="1"]', 6, "follow an attribute"),
    ("@a/b", 4, "follow an attribute"),
    ("@a[1]", 3, "no selector"),
    ("@*", 2, "name is expected"),
    ("a|b", 2, "step ends here"),
    ("a(b)", 2, "step ends here"),
    ("$a", 1, "name is expected"),
    ("__import__('os')", 11, "step ends here"),
    ("{a}", 4, "name is expected"),
    ("/".join("a" * (MOST_STEPS + 1)), 81, "at most 40 steps"),
    ("a" + "[1]" * (MOST_SELECTORS + 1), 26, "at most 8 selectors"),
    ("a[" + "/".join("b" * 41) + '="1"]', 83, "key has at most 40"),
    ("a" * (LONGEST + 1), LONGEST + 1, "no longer than"),
]


@pytest.mark.parametrize(("text", "column", "word"), DEFECTS)
def test_a_defect_tells_its_place(text, column, word):
    """What is no path says so, in a sentence, at the character where it stops being one."""
    with pytest.raises(PathDefect) as defect:
        parse(text)
    assert word in defect.value.reason
    assert defect.value.column == column
    assert str(defect.value).startswith(f"character {column}: ")


def test_a_path_is_taken_apart():
    """Steps, selectors, names of a namespace, attributes and quoted names are what they say."""
    path = parse('/a[2]/{urn:x}b[c/@d = "say \\"x\\""][3]/*/"Date of/ Birth"/@e')
    assert path.from_document
    assert [(step.name, step.selectors) for step in path.steps] == [
        (Name("a"), (2,)),
        (Name("b", "urn:x"), (Where((Name("c"), Name("d", attribute=True)), 'say "x"', "c/@d"), 3)),
        (None, ()),
        (Name("Date of/ Birth"), ()),
        (Name("e", attribute=True), ()),
    ]
    assert path.names == {"a", "b", "c", "d", "e", "Date of/ Birth"}


def test_hl7_separates_steps_in_its_own_way():
    """A dash and dots are slashes there, and nothing else is."""
    said = parse('OBX[3.1 = "A-1.2"]-5[2].1', hl7=True)
    assert [(step.name, step.selectors) for step in said.steps] == [
        (step.name, tuple(one if isinstance(one, int) else Where(one.key, one.text, "3.1") for one in step.selectors))
        for step in parse('OBX[3/1 = "A-1.2"]/5[2]/1', hl7=True).steps
    ]
    with pytest.raises(PathDefect):
        parse("@OBX", hl7=True)


@given(st.text() | st.from_regex(r'([a-c./@*\[\]="{}0-3 \\-]|"[ab]"){0,30}', fullmatch=True), st.booleans())
def test_no_text_makes_it_raise_anything_else(text, hl7):
    """Any text is a path or a defect within it."""
    try:
        path = parse(text, hl7=hl7)
    except PathDefect as defect:
        assert 1 <= defect.column <= len(text) + 1  # noqa: PT017 - a defect is one of two good ends
    else:
        assert len(path.steps) <= MOST_STEPS


@given(st.text())
def test_any_name_can_be_quoted(name):
    """Whatever a member is called, a path can name it."""
    assert parse(quoted(name)).steps == (Step(Name(name), (), quoted(name), quoted(name)),)


NAMES = st.sampled_from(["a", "b", "code"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["x", "y"]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=60,
)
STEPS = st.tuples(
    NAMES | st.just("*"),
    st.lists(st.sampled_from(["[1]", "[2]", '[code = "x"]', '[a/b = "1"]', '[b = "true"]']), max_size=2).map("".join),
).map("".join)
PATHS = st.builds(
    lambda start, steps: start + "/".join(steps), st.sampled_from(["", "/"]), st.lists(STEPS, min_size=1, max_size=5)
)


def record_of(value: object) -> tuple[JsonRecord, int]:
    content = json.dumps(value).encode()
    document = read_json(content, "a.json")
    assert isinstance(document, JsonDocument)
    record = next(document.records("/"))
    return record, content.count(b",") + content.count(b"[") + content.count(b"{") + 2


@given(DOCUMENTS, st.lists(PATHS, min_size=1, max_size=8))
def test_the_work_is_bounded_by_the_document(value, paths):
    """For each beginning of a path the document is looked at once at most, and once for each condition in it."""
    record, size = record_of(value)
    for path in paths:
        record.fields(path)
    parsed = [parse(path) for path in paths]
    beginnings = {(path.from_document, step.up_to_here) for path in parsed for step in path.steps}
    beginnings |= {(path.from_document, step.up_to_name) for path in parsed for step in path.steps}
    conditions = 1 + 2 * 2  # in one step, of keys of two names
    assert record._walk.looked <= 2 * size * len(beginnings) * conditions


def naive(value: object, path: str) -> list[str]:
    """Evaluate the path as its definition reads, slowly."""
    nodes = [value]
    for step in parse(path).steps:
        found = []
        for node in nodes:
            group = children(node, step.name and step.name.local)
            for selector in step.selectors:
                if isinstance(selector, int):
                    group = group[selector - 1 : selector]
                else:
                    group = [one for one in group if selector.text in texts(one, [name.local for name in selector.key])]
            found += group
        nodes = found
    leaves = [leaf for node in nodes for leaf in (node if isinstance(node, list) else [node])]
    return [word for leaf in leaves if (word := written(leaf)) is not None]


def children(node: object, name: str | None) -> list[object]:
    if isinstance(node, list):
        return (
            node if name is None else [one for each in node if isinstance(each, dict) for one in children(each, name)]
        )
    if not isinstance(node, dict):
        return []
    if name is None:
        return list(node.values())
    member = node.get(name, [])
    return member if isinstance(member, list) else [member]


def texts(node: object, key: list[str]) -> list[str | None]:
    nodes = [node]
    for name in key:
        nodes = [child for one in nodes for child in children(one, name)]
    return [written(one) for one in nodes]


def written(leaf: object) -> str | None:
    if isinstance(leaf, bool):
        return str(leaf).lower()
    return str(leaf) if isinstance(leaf, int | str) else None


@given(DOCUMENTS, st.lists(PATHS, min_size=1, max_size=6))
def test_what_is_remembered_changes_nothing(value, paths):
    """Indexes and beginnings that were walked before give what a plain walk for each path gives."""
    record, _ = record_of(value)
    for path in paths * 2:
        assert [field.text for field in record.fields(path) if not field.void] == naive(value, path)


def test_ten_times_the_document_takes_ten_times_the_time():
    """A hundred questions looked up by their codes cost one walk over the answers, however many there are."""

    def cost(answers: int) -> tuple[int, float]:
        value = {"answers": [{"code": f"Q{n}", "value": n % 4} for n in range(answers)]}
        record, _ = record_of(value)
        begin = time.process_time()
        for n in range(100):
            assert record.fields(f'answers[code = "Q{n}"]/value')[0].text == str(n % 4)
        return record._walk.looked, time.process_time() - begin

    (few, _), (many, seconds) = cost(1_000), cost(10_000)
    assert many <= 11 * few
    assert seconds < 1
