"""The examples of a package."""

from __future__ import annotations

import json

import pytest

from canonical.errors import SpecDefect
from specs.examples import examples
from specs.reader import load


def test_examples_hold_answers_and_what_they_must_meet(package):
    """An accepted one must meet nothing."""
    accepted, rejected = examples(load(package))
    assert (accepted.name, accepted.rules) == ("examples/accepted/least.json", ())
    assert accepted.answers == {"MEMBER_DOB": "2030-03-01"}
    assert (rejected.why, rejected.rules) == ("assessed the day before birth", ("B001",))


@pytest.mark.parametrize(
    "content",
    [
        [], {"why": "x"}, {"why": 1, "answers": {}}, {"why": "x", "answers": []}, {"why": "x", "answers": {"CONSENT": 1}},
        {"why": "x", "answers": {"CONSENT": ""}}, {"why": "x", "answers": {}, "rules": ["B001"]},
    ],
)  # fmt: skip
def test_an_example_of_another_shape_is_refused(tmp_path, files, write, content):
    """Accepted ones name no rules; answers are texts, never empty."""
    files["examples/accepted/least.json"] = json.dumps(content)
    with pytest.raises(SpecDefect, match=r"least\.json:1: An example is an object of 'why' and 'answers'"):
        load(write(tmp_path, files))


def test_a_rejected_example_is_named_after_a_rule_that_it_meets(tmp_path, files, write):
    """The list of file names is the list of what has been tried."""
    files["examples/rejected/S001-before-birth.json"] = files.pop("examples/rejected/B001-before-birth.json")
    with pytest.raises(SpecDefect, match=r"S001-before-birth\.json:3: The file is named after a rule"):
        load(write(tmp_path, files))


def test_an_example_that_was_broken_after_loading_is_refused(package):
    """The files are read again when they are asked for."""
    spec = load(package)
    (package / "examples" / "accepted" / "least.json").write_text("{")
    with pytest.raises(SpecDefect, match="not JSON"):
        examples(spec)
