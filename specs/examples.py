"""The examples of a package: answer sets that both judges must accept, or reject with the rules named."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, Final

from specs.defects import Defects
from specs.dictionary import Dictionary
from specs.folder import Folder, read_folder
from specs.spec import Spec

#: What an example may meet besides the package's own rules: structure and consent. It is judged without certification.
_STRUCTURE: Final = re.compile(r"S\d{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One answer set, judged without certification."""

    #: Its path in the package.
    name: str
    why: str
    answers: Mapping[str, str]
    #: The codes of the findings that it must meet; empty where it must be accepted.
    rules: tuple[str, ...] = ()


def examples(spec: Spec) -> tuple[Example, ...]:
    """Read the examples of a package, by path.

    Raises:
        SpecDefect: one of them was broken after the package was loaded.
    """
    defects = Defects()
    dictionary = Dictionary(instruments=spec.instruments, items=spec.items, codes=spec.codes)
    rules = {rule.code for rule in spec.rules}
    found = read_examples(read_folder(spec.directory), dictionary, rules, defects)
    defects.refuse_any(str(spec.directory))
    return found


def read_examples(
    folder: Folder, dictionary: Dictionary, rules: Collection[str], defects: Defects
) -> tuple[Example, ...]:
    """Read and check every file below ``examples/``."""
    found = (_read_example(folder, name, dictionary, rules, defects) for name in folder.below("examples"))
    return tuple(example for example in found if example is not None)


def _read_example(
    folder: Folder, name: str, dictionary: Dictionary, rules: Collection[str], defects: Defects
) -> Example | None:
    rejected = name.startswith("examples/rejected/")
    path = PurePosixPath(name)
    if path.suffix != ".json" or str(path.parent) not in ("examples/accepted", "examples/rejected"):
        defects.add(name, 1, "Only examples stand here: accepted/*.json and rejected/B001-*.json.")
        return None
    text = folder.text(name, defects)
    if text is None:
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as fault:
        line = fault.lineno if isinstance(fault, json.JSONDecodeError) else 1
        defects.add(name, line, "From this line on the file is not JSON.")
        return None
    if not _has_the_shape(content, {"why", "answers", "rules"} if rejected else {"why", "answers"}):
        keys = "'why', 'answers' and 'rules' (a list of codes)" if rejected else "'why' and 'answers'"
        defects.add(name, 1, f"An example is an object of {keys}; answers are texts by item.")
        return None
    example = Example(
        name=name,
        why=content["why"],
        answers=MappingProxyType(content["answers"]),
        rules=tuple(content.get("rules", ())),
    )
    _check(example, text, dictionary, rules, defects)
    return example


def _has_the_shape(content: Any, keys: set[str]) -> bool:  # noqa: ANN401  it comes from a JSON parser
    return (
        isinstance(content, dict)
        and content.keys() == keys
        and isinstance(content["why"], str)
        and isinstance(content["answers"], dict)
        and all(isinstance(answer, str) and answer for answer in content["answers"].values())
        and isinstance(content.get("rules", []), list)
        and all(isinstance(rule, str) for rule in content.get("rules", []))
    )


def _check(example: Example, text: str, dictionary: Dictionary, rules: Collection[str], defects: Defects) -> None:
    for item in example.answers:
        for fault in dictionary.answer_faults(item):
            defects.add(example.name, _line_of(item, text), fault)
    for rule in example.rules:
        if rules and rule not in rules and not _STRUCTURE.fullmatch(rule):
            defects.add(
                example.name, _line_of(rule, text), f"{rule!r} is neither a rule of the package nor S and three digits."
            )
    if example.name.startswith("examples/rejected/"):
        meant = PurePosixPath(example.name).name.partition("-")[0].removesuffix(".json")
        if meant not in example.rules:
            defects.add(
                example.name, _line_of("rules", text), "The file is named after a rule that it does not expect."
            )


def _line_of(word: str, text: str) -> int:
    """Return the line where a quoted word stands first."""
    return text.count("\n", 0, max(text.find(json.dumps(word)), 0)) + 1
