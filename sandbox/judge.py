"""The state's own judgement of a document: the dictionary and the rules of the package, read here for the second time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

import re2

from canonical.finding import Severity
from canonical.outcome import Reason
from sandbox.document import WireDocument
from sandbox.form import Form, as_day
from sandbox.rules import broken_at, check_kinds
from specs.spec import Item, Spec, Type

#: The number of a further time; what has more digits is no number of ours.
_AGAIN: Final = re.compile("[2-9]|[1-9][0-9]{1,2}")

#: How many compiled patterns are kept: more than a dictionary has.
_PATTERNS: Final = 1024

#: A receipt stays readable, and below its cap, with this many.
_MOST_REASONS: Final = 100

#: Why the state refuses; each sentence is for whoever reads the receipt, and holds nothing of the document.
_SENTENCES: Final[Mapping[str, str]] = {
    "S001": "The item is required here and has no answer.",
    "S002": "The item is not in the dictionary.",
    "S003": "The answer is not of the item's type.",
    "S004": "The answer is not in the item's code list on the assessment date.",
    "S005": "The number is out of the item's range.",
    "S006": "The answer is longer than the item allows.",
    "S007": "The answer does not have the item's pattern.",
    "S008": "The item does not belong to this instrument.",
    "S009": "The item is not for members of this age.",
    "S010": "The section's comment is empty.",
    "S011": "The instrument is missing or not known.",
    "S012": "The member's age does not fit the instrument.",
    "S013": "The question is left unanswered in a complete assessment.",
    "S014": "The section was filled in this time, and not the time before.",
    "S015": "The item is answered more often than the form takes it.",
    "S020": "Items of the full CANS have come without the member's consent to it.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the state has against a document."""

    #: For each of these alone the document is refused.
    refusals: tuple[Reason, ...] = ()
    #: These are told to the sender, and nothing more.
    warnings: tuple[Reason, ...] = ()


class Judge:
    """Judges the documents of one specification.

    Raises:
        SpecDefect: where the specification has a rule of a kind that has no reading here.
    """

    def __init__(self, spec: Spec) -> None:
        check_kinds(spec)
        self._spec = spec

    def judge(self, document: WireDocument) -> Judgement:
        """Judge a document as it came over the wire, by the schema, the dictionary and the rules."""
        form = Form.of(document.answers, self._spec)
        judgement = _judged(form)
        refusals = [*judgement.refusals, *_without_consent(form)]
        named = {reason.item for reason in refusals}
        refusals += [reason for reason in document.schema_reasons if reason.item is None or reason.item not in named]
        return Judgement(refusals=_distinct(refusals), warnings=judgement.warnings)


def judge_answers(answers: Mapping[str, str], spec: Spec) -> list[Reason]:
    """Return what the state would refuse these answers for; none means that it would take them.

    Judged as they stand with the sender, before anything is kept at home for want of consent: items of the full CANS
    are looked at only with consent, and count against the form only where it says nothing at all about consent.

    Raises:
        SpecDefect: where the specification has a rule of a kind that has no reading here.
    """
    check_kinds(spec)
    form = Form.of(answers, spec)
    refusals = list(_judged(form).refusals)
    if not form.has(spec.consent_item):
        refusals += _without_consent(form)
    return list(_distinct(refusals))


def _judged(form: Form) -> Judgement:
    """Judge by the dictionary and the rules."""
    seen = form if form.consented else form.without_full()
    refusals = [*_strangers(form), *_instrument(seen)]
    warnings: list[Reason] = []
    for item in form.spec.items.values():
        _judge_item(item, seen, refusals, warnings)
    for section, number in seen.further:
        _judge_again(section, number, seen, refusals, warnings)
    for rule in form.spec.rules:
        item_code = broken_at(rule, seen)
        if item_code is None or rule.severity is Severity.ADVICE:
            continue
        reason = Reason(code=rule.code, item=item_code, text=rule.message)
        (refusals if rule.severity is Severity.ERROR else warnings).append(reason)
    return Judgement(refusals=_distinct(refusals), warnings=_distinct(warnings))


def _judge_item(item: Item, form: Form, refusals: list[Reason], warnings: list[Reason]) -> None:
    text = form.text(item.code)
    if text is None:
        refusals += _missing(item, form)
        return
    misplaced = _misplaced(item, form)
    if misplaced is not None:
        warnings.append(misplaced)
    else:
        refusals += _answer(item, text, form)


def _judge_again(section: str, number: int, form: Form, refusals: list[Reason], warnings: list[Reason]) -> None:
    """Judge a section that was filled in a second, third … time as if it had been the first."""
    again = form.again(section, number)
    found: tuple[list[Reason], list[Reason]] = ([], [])
    items = [item for item in form.spec.items.values() if item.section == section]
    for item in items:
        _judge_item(item, again, *found)
    for theirs, ours in zip(found, (refusals, warnings), strict=True):
        ours += [replace(reason, item=f"{reason.item}.{number}") for reason in theirs]
    before = [item.code if number == 2 else f"{item.code}.{number - 1}" for item in items]  # noqa: PLR2004 - the second time
    if not any(form.text(code) for code in before):
        refusals.append(_reason("S014", f"{next(item.code for item in items if again.text(item.code))}.{number}"))


def _without_consent(form: Form) -> list[Reason]:
    """Refuse items of the full CANS that should not be here."""
    shown = not form.consented and len(form.without_full().answers) < len(form.answers)
    return [_reason("S020", form.spec.consent_item)] if shown else []


def _strangers(form: Form) -> list[Reason]:
    """Refuse what is in no dictionary; it is not named, for a stranger's name may be anything."""
    reasons = []
    for code in form.answers.keys() - form.spec.items.keys():
        item, _, number = code.partition(".")
        known = form.spec.items.get(item)
        if known is None or _AGAIN.fullmatch(number) is None:
            reasons.append(Reason(code="S002", text=_SENTENCES["S002"]))
        elif int(number) > known.repeats:
            reasons.append(_reason("S015", item))
    return reasons


def _instrument(form: Form) -> Iterator[Reason]:
    if form.instrument is None:
        yield _reason("S011", "INSTRUMENT")
    elif form.age is not None and not form.instrument.age.holds(form.age):
        yield _reason("S012", "MEMBER_DOB")


def _misplaced(item: Item, form: Form) -> Reason | None:
    """Return the warning about an answer that nobody asked for; it is not judged any further."""
    if form.carries(item) is False:
        return _reason("S008", item.code)
    return _reason("S009", item.code) if form.suits_age(item) is False else None


def _missing(item: Item, form: Form) -> list[Reason]:
    """Judge an item that has no answer."""
    required = item.required or (bool(item.required_when) and form.meets(item.required_when))
    if not required or not form.asks(item):
        return []
    return [_reason("S010" if _is_comment(item, form) else "S001", item.code)]


def _answer(item: Item, text: str, form: Form) -> Iterator[Reason]:
    """Judge the answer to one line of the dictionary."""
    if item.type is Type.TRISTATE and text == "unanswered":
        if form.text("COMPLETION_STATUS") == "complete":
            yield _reason("S013", item.code)
        return
    if not _of_type(item.type, text):
        yield _reason("S003", item.code)
        return
    if item.codes is not None and not _in_list(item.codes, text, form):
        yield _reason("S004", item.code)
    if item.type is Type.INTEGER and not _in_range(item, int(text)):
        yield _reason("S005", item.code)
    if item.length is not None and len(text) > item.length:
        yield _reason("S006", item.code)
    if item.pattern is not None and _pattern(item.pattern).fullmatch(text) is None:
        yield _reason("S007", item.code)


#: The library's own memory of compiled patterns costs more than the match.
_pattern = lru_cache(_PATTERNS)(re2.compile)


def _is_comment(item: Item, form: Form) -> bool:
    return form.instrument is not None and any(section.comment == item.code for section in form.instrument.sections)


def _in_list(codes: str, text: str, form: Form) -> bool:
    code = form.spec.codes[codes].get(text)
    assessed = form.day("ASSESSMENT_DATE")
    return code is not None and (assessed is None or code.valid_on(assessed))


def _in_range(item: Item, number: int) -> bool:
    return (item.minimum is None or number >= item.minimum) and (item.maximum is None or number <= item.maximum)


def _is_moment(text: str) -> bool:
    """Return whether the text is a date and time with its offset."""
    try:
        return "T" in text and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


#: What a text of each type looks like; the others may look like anything.
_TYPES: Final[Mapping[Type, Callable[[str], bool]]] = {
    Type.DATE: lambda text: as_day(text) is not None,
    Type.DATETIME: _is_moment,
    Type.INTEGER: lambda text: re.fullmatch(r"-?[0-9]{1,18}", text) is not None,
    Type.BOOLEAN: {"true", "false"}.__contains__,
    Type.TRISTATE: {"yes", "no"}.__contains__,
}


def _of_type(kind: Type, text: str) -> bool:
    return kind not in _TYPES or _TYPES[kind](text)


def _reason(code: str, item: str) -> Reason:
    return Reason(code=code, item=item, text=_SENTENCES[code])


def _distinct(reasons: list[Reason]) -> tuple[Reason, ...]:
    """Return each reason once, in order, and not more than a receipt can carry."""
    return tuple({(reason.code, reason.item): reason for reason in reasons}.values())[:_MOST_REASONS]
