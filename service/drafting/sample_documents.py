"""Samples in JSON and XML: which part of them is an assessment, and the paths of what stands in it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from adapters.declared import Everything
from adapters.json_record import read_json
from adapters.record import Record
from canonical.payload import Payload
from service.drafting.quoting import quoted
from service.drafting.sample import NoSample, Place, Sample

#: What becomes an assessment holds at least so much, or it is a part of one.
_FEWEST_FIELDS: Final = 6
#: A list of questions and answers has at least so many of them …
_FEWEST_QUESTIONS: Final = 8
#: … and one of parts of the form so many, if the member that tells them apart is called like one of these.
_FEWEST_PARTS: Final = 4
_OF_PARTS: Final = frozenset({"domain", "section", "scale", "category", "area", "@domain", "@section", "@scale"})
#: An element with more members than these is a part of the form, and each of its members has a name of its own.
_MEMBERS_OF_AN_ANSWER: Final = 2
_INDEX: Final = re.compile(r"\[[0-9]+\]")
_ELEMENT: Final = re.compile(r"(?P<list>.*?[^/*])\[(?P<at>[0-9]+)\]/(?P<member>[^\[\]]+)")
#: The first name of a path.
_TOP: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^/]*)/')
#: A name that a path can only tell by its position was too long for one.
_NAMELESS: Final = re.compile(r"(?:^|/)@?\*|text\(\)")

_Fields = Sequence[tuple[str, str]]


def json(payload: Payload) -> Sample:
    """Return what a JSON text shows.

    Raises:
        NoSample: it cannot be read.
    """
    document = read_json(payload.content, payload.name, Everything())
    if isinstance(document, tuple):
        raise NoSample(document[0].reason)
    labels = [field.source.label for field in document.all()]
    at = "" if labels and all(label.startswith("/*[") for label in labels) else _records(labels)
    return _sample(payload, "json", document.records(at), at)


def xml(payload: Payload) -> Sample:
    """Return what an XML document shows.

    Raises:
        NoSample: it cannot be read.
    """
    from adapters.xml_record import read_xml  # noqa: PLC0415 - brings lxml, which nothing else here needs
    from service.drafting.sample_clinical import clinical  # noqa: PLC0415 - as above

    document = read_xml(payload.content, payload.name, Everything())
    if isinstance(document, tuple):
        raise NoSample(document[0].reason)
    if found := clinical(payload):
        return found
    at = _records([field.source.label for field in document.all()])
    return _sample(payload, "xml", document.records(at), at)


def _records(labels: Sequence[str]) -> str:
    """Return the path of the list that most fields are in; none where the whole document is one assessment."""
    inside: Counter[str] = Counter()
    elements: dict[str, set[str]] = defaultdict(set)
    for label in labels:
        if found := _INDEX.search(label):
            path = label[: found.start()].removeprefix("/")
            inside[path] += 1
            elements[path].add(found[0])
    path, fields = inside.most_common(1)[0] if inside else ("", 0)
    is_one = not path or 2 * fields < len(labels) or fields < _FEWEST_FIELDS * len(elements[path])
    return "" if is_one or _NAMELESS.search(path) else path


def _sample(payload: Payload, format_: str, records: Iterable[Record], at: str) -> Sample:
    found = [_fields(record) for record in records]
    if not any(found):
        raise NoSample("Nothing stands in the file.")
    if len(found) == 1 and _is_keyed(found[0]):
        raise NoSample(
            "The same stands under each name at the top: these seem to be keys of assessments. Export a list."
        )
    asked = _questions(found)
    texts: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    for fields in found:
        for path, name, text in _placed(fields, asked):
            texts.setdefault(path, []).append(text)
            names.setdefault(path, name)
    # What stands in one record of many may be a name that was made of a value.
    kept = [path for path in texts if len(texts[path]) > 1 or len(found) == 1]
    places = tuple(Place(path=path, name=names[path], texts=tuple(filter(None, texts[path]))) for path in kept)
    head = (f"records = {quoted(at)}",) if at else ()
    doubt = f"Is each {quoted(at)} one assessment?" if at else "Is the whole file one assessment?"
    return Sample(
        name=payload.name.rpartition("/")[2], format=format_, records=len(found), places=places, head=head,
        doubts=(doubt,),
    )  # fmt: skip


def _fields(record: Record) -> _Fields:
    """Return path and text of each field, the path from the record."""
    origin = record.origin.label.rstrip("/")
    labelled = (
        (field.source.label.removeprefix(origin).removeprefix("/"), field.text.strip()) for field in record.all()
    )
    return [(path or ".", text) for path, text in labelled if not _NAMELESS.search(path)]


def _is_keyed(fields: _Fields) -> bool:
    """Return whether each name at the top has the same below it: then it is made of a value, perhaps of a child's name."""
    below: dict[str, set[str]] = defaultdict(set)
    for path, _ in fields:
        top = _TOP.match(path)
        below[top[0] if top else path].add(path[top.end() :] if top else "")
    common, every = set[str].intersection(*below.values()), set[str].union(*below.values())
    return len(below) > 1 and len(common) >= _FEWEST_FIELDS and 2 * len(common) >= len(every)


def _elements(fields: _Fields) -> dict[str, dict[str, dict[str, str]]]:
    """Return the members of the elements of each list, by list and index."""
    lists: dict[str, dict[str, dict[str, str]]] = defaultdict(lambda: defaultdict(dict))
    for path, text in fields:
        if found := _ELEMENT.fullmatch(path):
            lists[found["list"]][found["at"]][found["member"]] = text
    return lists


def _questions(records: Sequence[_Fields]) -> dict[str, str]:
    """Return the lists of questions and answers, each with the member that names the question.

    It differs in all elements of a record, and says the same in every record.
    """
    named: dict[str, str] = {}
    per_record = [_elements(fields) for fields in records]
    for path in dict.fromkeys(path for lists in per_record for path in lists):
        lists = [lists[path] for lists in per_record if path in lists]
        members = dict.fromkeys(member for elements in lists for one in elements.values() for member in one)
        for member in members:
            asked = [[one.get(member, "") for one in elements.values()] for elements in lists]
            words = Counter(word for of_record in asked for word in of_record)
            once = all(len(set(of_record)) == len(of_record) for of_record in asked)
            repeated = sum(count > 1 for count in words.values()) if len(lists) > 1 else len(words)
            fewest = _FEWEST_PARTS if member in _OF_PARTS else _FEWEST_QUESTIONS
            if once and "" not in words and len(words) >= fewest and 2 * repeated >= len(words):
                named.setdefault(path, member)
    return named


def _placed(fields: _Fields, asked: Mapping[str, str]) -> Iterable[tuple[str, str, str]]:
    """Yield path, name and text of each field; of a list of questions each answer by its question."""
    for path, text in fields:
        found = _ELEMENT.fullmatch(path)
        if not found or found["list"] not in asked:
            yield path, path, text
    for path, elements in _elements(fields).items():
        if path not in asked:
            continue
        for one in elements.values():
            question = one[asked[path]]
            label = " ".join(text for member, text in one.items() if member in _LABELS) or question
            escaped = question.replace("\\", "\\\\").replace('"', '\\"')
            answers = {member: text for member, text in one.items() if member not in (asked[path], *_LABELS)}
            for member, text in answers.items():
                name = f"{label}/{member.rpartition('/')[2]}" if len(answers) > _MEMBERS_OF_AN_ANSWER else label
                yield f'{path}[{asked[path]} = "{escaped}"]/{member}', name, text


#: Members that say in words what a question is.
_LABELS: Final = frozenset({"label", "name", "title", "text", "display", "@label", "@name", "@title", "@displayName"})
