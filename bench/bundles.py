"""Bundles of 25 KB, each of another child with other ratings and other comments, written as EHRs write them.

They are the sample in the words of an export: without blanks, every question with its text, every rating with the system, the
code and the display of its list, and comments of some hundred characters. The seed is fixed; nothing of it is anybody's.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any, Final

from service.sample_files import SAMPLES
from specs.spec import Spec, Type

#: Bytes of one.
SIZE: Final = 25_000
_SEED: Final = 7
_RATINGS: Final = ("0", "0", "0", "1", "1", "2")
_SYSTEMS: Final = "https://ecas-bridge.example/fhir/CodeSystem/"
_WORDS: Final = (
    "morning", "school", "mother", "asks", "sleeps", "quietly", "teacher", "evening", "calls", "friend", "visits", "plans", "help",
    "worry", "brother", "homework", "music", "garden", "bus", "lunch", "weekend", "grandmother", "tablet", "meeting", "room",
    "drawing", "neighbor", "summer", "coach", "library", "careful", "slowly", "again",
)  # fmt: skip


def bundles(spec: Spec, count: int) -> Iterator[bytes]:
    """Yield so many, the same in every run."""
    sample = json.loads((SAMPLES / "good" / "five-through-twenty.json").read_bytes())
    dice = random.Random(_SEED)  # noqa: S311 - no secret
    return (_bundle(sample, spec, number, dice) for number in range(count))


def _bundle(sample: dict[str, Any], spec: Spec, number: int, dice: random.Random) -> bytes:
    text = json.dumps(sample).replace("100482917365", f"2{number:011}").replace("RB-20417", f"RB-{number:07}")
    document = json.loads(text.replace("RB-CANS-2026-00871", f"RB-CANS-{number:07}"))
    by_type = {entry["resource"]["resourceType"]: entry["resource"] for entry in document["entry"]}
    by_type["Patient"]["name"][0] |= {"family": f"Invented-{dice.choice(_WORDS).title()}", "given": [f"Child {number}"]}
    by_type["Patient"]["birthDate"] = (
        f"20{dice.randrange(13, 20)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}"
    )
    comments = []
    for group in by_type["QuestionnaireResponse"]["item"]:
        for item in group["item"]:
            asked, (answer,) = spec.items[item["linkId"]], item["answer"]
            item["text"] = asked.label
            if asked.codes is not None:
                if asked.codes in ("rating", "strength"):
                    answer["valueCoding"]["code"] = dice.choice(_RATINGS)
                _describe(answer["valueCoding"], asked.codes, spec)
            elif asked.type is Type.TEXT:
                comments.append(answer)
    lacking = SIZE - len(_written(document)) + sum(len(answer["valueString"]) for answer in comments)
    for answer in comments:
        answer["valueString"] = _comment(dice, lacking // len(comments))
    return _written(document)


def _describe(coding: dict[str, str], codes: str, spec: Spec) -> None:
    code = spec.codes[codes].get(coding["code"])
    coding |= {"system": f"{_SYSTEMS}{codes}"} | ({"display": code.label} if code else {})


def _comment(dice: random.Random, length: int) -> str:
    words = " ".join(dice.choices(_WORDS, k=length // 4))
    return words[: length - 1].strip() + "."


def _written(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
