from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from canonical.errors import SpecDefect
from sandbox.document import DocumentReader, WireDocument
from sandbox.form import Form
from sandbox.judge import Judge, Judgement, judge_answers
from sandbox.rules import broken_at
from specs.spec import ConsentClass, Spec

PACKAGE = Path(__file__).parents[2] / "specs" / "packages" / "2026.1"
EXAMPLES = sorted((PACKAGE / "examples").glob("*/*.json"))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_examples(file: Path, spec: Spec) -> None:
    """The state takes every accepted example, and refuses every other one for exactly the rules that it names."""
    example = json.loads(file.read_text())
    codes = {reason.code for reason in judge_answers(example["answers"], spec)}
    assert codes == set(example.get("rules", ()))


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_examples_on_the_wire(file: Path, spec: Spec, write: Callable[[Mapping[str, str]], bytes]) -> None:
    """The state comes to the same end when the answers that may leave arrive as a document."""
    answers = json.loads(file.read_text())["answers"]
    stays = answers.get("CONSENT", "given") != "given"
    leaving = {
        code: text
        for code, text in answers.items()
        if not (stays and spec.occurrences[code].consent is ConsentClass.FULL)
    }
    document = DocumentReader(spec).read(write(leaving))
    assert isinstance(document, WireDocument)
    judgement = Judge(spec).judge(document)
    closed = file.name.startswith("S014")  # a document cannot show a gap: it is closed in the writing
    assert bool(judgement.refusals) is (file.parent.name == "rejected" and not closed)
    if file.parent.name == "accepted":
        assert document.schema_reasons == ()


def test_rule_cases(spec: Spec) -> None:
    """The state's reading of each rule agrees with the rule's own cases."""
    disagreements = [
        (rule.code, case.why)
        for rule in spec.rules
        for cases, broken in ((rule.passes, False), (rule.fails, True))
        for case in cases
        if (broken_at(rule, Form.of(case.answers, spec)) is not None) is not broken
    ]
    assert disagreements == []


def test_every_item_of_the_full_cans_needs_consent(spec: Spec, example: dict[str, str], write) -> None:
    """One item of the full CANS without the member's consent is enough to be refused on the wire."""
    always = {code: text for code, text in example.items() if spec.items[code].consent is ConsentClass.ALWAYS}
    refused = {**always, "CONSENT": "refused"}
    assert _judged(spec, write(refused)).refusals == ()
    for code, item in spec.items.items():
        if item.consent is ConsentClass.FULL and code in example:
            leaked = _judged(spec, write({**refused, code: example[code]}))
            assert [reason.code for reason in leaked.refusals] == ["S020"], code


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"MEMBER_DOB": "2016-5-4"}, "S003"),
        ({"MEMBER_DOB": "20160504"}, "S003"),
        ({"MEMBER_DOB": "2016-02-30"}, "S003"),
        ({"DOCUMENT_VERSION": "10000"}, "S005"),
        ({"LDF_COMMENT": "x" * 4001}, "S006"),
        ({"MEMBER_ID": "12345678901a"}, "S007"),
        ({"INSTRUMENT": "six-through-nine"}, "S011"),
        ({"INSTRUMENT": "birth-through-four"}, "S012"),
        ({"STR_COMMENT": "   "}, "S010"),
        ({"no such item": "x"}, "S002"),
    ],
)
def test_dictionary(change: dict[str, str], code: str, spec: Spec, example: dict[str, str]) -> None:
    """What the dictionary forbids is refused under the dictionary's own code."""
    assert code in {reason.code for reason in judge_answers({**example, **change}, spec)}


def test_items_nobody_asked_for(spec: Spec, example: dict[str, str], write) -> None:
    """An answer of the other instrument, or for another age, is a warning and no refusal."""
    judgement = _judged(spec, write({**example, "LDF_MOTOR": "1", "TRA_JOB": "1"}))
    assert judgement.refusals == ()
    assert {(reason.code, reason.item) for reason in judgement.warnings} == {("S008", "LDF_MOTOR"), ("S009", "TRA_JOB")}


def test_schema(spec: Spec, example: dict[str, str], write) -> None:
    """What only the schema sees is refused for the schema, with its code and without a word of the document."""
    stranger = write(example).replace(b"<Agency>", b"<Surprise>canary-17</Surprise><Agency>")
    reasons = _judged(spec, stranger).refusals
    assert [reason.code for reason in reasons] == ["SCHEMA"]
    quoted = DocumentReader(spec).read(write({**example, "MEMBER_GENDER": "canary-17"}))
    assert isinstance(quoted, WireDocument)
    assert [reason.item for reason in quoted.schema_reasons][:1] == ["MEMBER_GENDER"]
    assert "canary" not in " ".join(reason.text for reason in [*reasons, *quoted.schema_reasons])


def test_strange_rule(spec: Spec) -> None:
    """A package with a rule that the state cannot read is refused: the rule would let everything through."""
    strange = replace(spec.rules[0], kind="phase_of_the_moon")
    with pytest.raises(SpecDefect, match="phase_of_the_moon"):
        Judge(replace(spec, rules=(strange,)))


def _judged(spec: Spec, content: bytes) -> Judgement:
    document = DocumentReader(spec).read(content)
    assert isinstance(document, WireDocument)
    return Judge(spec).judge(document)
