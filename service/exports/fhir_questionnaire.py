"""The Questionnaire of one instrument: ``linkId`` is the item's code, sections are groups.

What FHIR says by itself is said in its own elements. The rest stands in extensions that tools may know (the R4 core's
``questionnaire-constraint``, ``variable``, ``regex``, ``minValue``, ``maxValue``; SDC's ``enableWhenExpression``), and
in every case as a note for people (``designNote``):

- ``required`` is set where an answer is always owed. What is owed under conditions, or only with consent, is a constraint.
- ``enableWhen`` is set where a rule of the package forbids the answer (an error), and FHIR can say when. That an item is
  not owed is no reason to disable it.
- The ages of an item take arithmetic: ``enableWhenExpression`` over the variable ``%age``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from canonical.finding import Severity
from service import fhir_names
from service.exports import fhirpath, wording
from service.exports.fhir_enabling import enable_when
from service.exports.fhir_resource import Json, extension, head
from specs.spec import AgeRange, Condition, ConsentClass, Instrument, Item, Rule, Section, Spec, Type

_CORE: Final = "http://hl7.org/fhir/StructureDefinition"
_SDC: Final = "http://hl7.org/fhir/uv/sdc/StructureDefinition"
_ABOUT: Final = (
    "linkId is the item's code in the data dictionary. A QuestionnaireResponse that answers this Questionnaire needs no "
    "mapping."
)
_TYPES: Final = {
    Type.TEXT: "string",
    Type.CODE: "choice",
    Type.DATE: "date",
    Type.DATETIME: "dateTime",
    Type.INTEGER: "integer",
    Type.BOOLEAN: "boolean",
    Type.TRISTATE: "choice",
    Type.IDENTIFIER: "string",
}
#: A text that may be longer than this wants more than one line.
_ONE_LINE: Final = 255


def questionnaire(instrument: Instrument, spec: Spec) -> Json:
    """Return the Questionnaire of an instrument."""
    groups = [(section, _items_of(section, instrument, spec)) for section in instrument.sections]
    forms = [item for _, items in groups for item in items]
    return {
        **head(
            "Questionnaire",
            id=fhir_names.questionnaire_id(instrument.code),
            url=fhir_names.questionnaire(instrument.code),
            title=instrument.title,
            about=f"For {wording.ages(instrument.age)}, in completed years on the assessment date. {_ABOUT}",
            spec=spec,
        ),
        "extension": [*_variables(), *_owed(groups, spec), *_rules(forms, spec)],
        "subjectType": ["Patient"],
        "effectivePeriod": {"start": spec.in_force.isoformat()},
        "item": [_group(section, items, instrument, spec) for section, items in groups if items],
    }


def _items_of(section: Section, instrument: Instrument, spec: Spec) -> list[Item]:
    return [item for item in spec.items.values() if item.section == section.code and item.belongs_to(instrument.code)]


def _group(section: Section, items: list[Item], instrument: Instrument, spec: Spec) -> Json:
    """Return a section; an age gate that all its items share is the section's own."""
    gates = {item.age for item in items}
    shared = gates.pop() if len(gates) == 1 else None
    group: Json = {"linkId": section.code, "text": section.title, "type": "group"}
    extensions = []
    if shared:
        note = f"For {wording.ages(shared)}, in completed years on the assessment date."
        extensions += [_enabled_at(shared), _note(note)]
    if section.repeats > 1:
        group["repeats"] = True
        extensions += [
            extension(f"{_CORE}/questionnaire-maxOccurs", valueInteger=section.repeats),
            _note(f"The whole section may be there {section.repeats} times, its comment included."),
        ]
    if extensions:
        group["extension"] = extensions
    return {**group, "item": [_question(item, instrument, spec, gated=item.age != shared) for item in items]}


def _question(item: Item, instrument: Instrument, spec: Spec, *, gated: bool) -> Json:
    """Return one item; ``gated`` where its ages are its own and not its section's."""
    enabling = {} if gated and item.age else enable_when(item, spec)
    question: Json = {
        "extension": list(_extensions(item, spec, gated=gated)),
        "linkId": item.code,
        "text": item.label,
        "type": _type(item),
        **enabling,
    }
    if item.required and item.consent is ConsentClass.ALWAYS:
        question["required"] = True
    if item.length:
        question["maxLength"] = item.length
    return {**question, **_choices(item, instrument, spec)}


def _type(item: Item) -> str:
    long = item.type is Type.TEXT and (item.length is None or item.length > _ONE_LINE)
    return "text" if long else _TYPES[item.type]


def _choices(item: Item, instrument: Instrument, spec: Spec) -> Json:
    """Return where the answers of a choice come from; the instrument is no choice any more."""
    codes = fhir_names.list_of(item)
    if codes is None:
        return {}
    if item.code == "INSTRUMENT":
        coding = {
            "system": fhir_names.code_system(codes),
            "code": instrument.code,
            "display": spec.codes[codes][instrument.code].label,
        }
        return {"readOnly": True, "answerOption": [{"valueCoding": coding, "initialSelected": True}]}
    return {"answerValueSet": fhir_names.versioned(fhir_names.value_set(codes), spec)}


def _extensions(item: Item, spec: Spec, *, gated: bool) -> Iterator[Json]:
    """Yield what FHIR's own elements cannot say of an item."""
    if gated and item.age:
        yield _enabled_at(item.age)
    if item.minimum is not None:
        yield extension(f"{_CORE}/minValue", valueInteger=item.minimum)
    if item.maximum is not None:
        yield extension(f"{_CORE}/maxValue", valueInteger=item.maximum)
    if item.pattern:
        yield extension(f"{_CORE}/regex", valueString=item.pattern)
    yield _note(" ".join(_notes(item, spec)))


def _notes(item: Item, spec: Spec) -> Iterator[str]:
    """Yield what people should know of an item, a sentence at a time."""
    yield _sentence(wording.required(item, spec))
    yield _sentence(wording.consent(item))
    if item.sensitive:
        yield "Sensitive: a credential or free text."
    dated = [code for code in spec.codes.get(item.codes or "", {}).values() if code.valid_from or code.valid_to]
    if dated:
        yield "Some codes are valid for a time only: see the properties of the CodeSystem."


def _variables() -> Iterator[Json]:
    yield extension(
        f"{_CORE}/variable", valueExpression={"name": "age", "language": "text/fhirpath", "expression": fhirpath.AGE}
    )


def _owed(groups: Iterable[tuple[Section, list[Item]]], spec: Spec) -> Iterator[Json]:
    """Yield a constraint for the items of each section that are owed under the same conditions."""
    number = 0
    for section, items in groups:
        owed: dict[tuple[tuple[Condition, ...], ConsentClass, AgeRange | None], list[Item]] = {}
        for item in items:
            always = item.required and item.consent is ConsentClass.ALWAYS
            if not always and (item.required or item.required_when):
                owed.setdefault((item.required_when, item.consent, item.age), []).append(item)
        for alike in owed.values():
            number += 1
            human = f"{section.title}: {wording.required(alike[0], spec)}."
            yield _constraint(f"S001.{number}", Severity.ERROR, human, _owing(section, alike, spec))


def _owing(section: Section, alike: list[Item], spec: Spec) -> str:
    """Return that all of these items are answered where the conditions that they share hold."""
    item = alike[0]
    own, others = _parted(item.required_when, section, spec)
    limits = [fhirpath.holds(condition, spec) for condition in others]
    if item.consent is ConsentClass.FULL:
        limits.append(fhirpath.has_one_of(spec.items[spec.consent_item], sorted(spec.consent_full)))
    if item.age:
        limits.append(fhirpath.within(item.age))
    if section.repeats == 1:
        return _implied(limits, fhirpath.all_answered(alike))
    here = [fhirpath.holds(condition, spec, fhirpath.HERE) for condition in own]
    return _implied(limits, fhirpath.in_each(section.code, _implied(here, fhirpath.all_answered(alike, fhirpath.HERE))))


def _parted(conditions: Iterable[Condition], section: Section, spec: Spec) -> tuple[list[Condition], list[Condition]]:
    """Return the conditions on the same occurrence of a repeating section, and all others."""
    own = [each for each in conditions if section.repeats > 1 and spec.items[each.item].section == section.code]
    return own, [each for each in conditions if each not in own]


def _implied(limits: Iterable[str], test: str) -> str:
    told = " and ".join(limits)
    return f"({told}) implies {test}" if told else test


def _rules(items: Iterable[Item], spec: Spec) -> Iterator[Json]:
    """Yield the rules of the package that speak about the form and have a FHIRPath twin."""
    codes = {item.code for item in items}
    for rule in spec.rules:
        if rule.fhirpath and not codes.isdisjoint(wording.rule_items(rule, spec)):
            yield _constraint(rule.code, rule.severity, _human(rule), rule.fhirpath)


def _human(rule: Rule) -> str:
    return f"{rule.message} {rule.fix}"


def _constraint(key: str, severity: Severity, human: str, expression: str) -> Json:
    """Return a constraint on the whole response; FHIR knows errors and warnings only."""
    weight = "error" if severity is Severity.ERROR else "warning"
    parts = [
        extension("key", valueId=key),
        extension("severity", valueCode=weight),
        extension("expression", valueString=expression),
        extension("human", valueString=human),
    ]
    return extension(f"{_CORE}/questionnaire-constraint", extension=parts)


def _enabled_at(age: AgeRange) -> Json:
    expression = {"language": "text/fhirpath", "expression": fhirpath.within(age)}
    return extension(f"{_SDC}/sdc-questionnaire-enableWhenExpression", valueExpression=expression)


def _note(text: str) -> Json:
    return extension(f"{_CORE}/designNote", valueMarkdown=text)


def _sentence(phrase: str) -> str:
    return f"{phrase[:1].upper()}{phrase[1:]}."
