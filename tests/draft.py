"""The invented draft package: copied outside the repository, published there, and payloads that follow a package."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from specs.catalog import PACKAGES
from specs.seal import seal

DRAFT = Path(__file__).parent / "packages/2027.0-draft"
VERSION = "2027.0-draft"
EXAMPLE = "examples/accepted/five-through-twenty-with-consent.json"
WITHOUT_CONSENT = "examples/accepted/five-through-twenty-not-asked.json"


def shelf(folder: Path) -> Path:
    """Copy the draft into a folder of packages outside the repository, and return that folder."""
    shutil.copytree(DRAFT, folder / VERSION)
    return folder


def published(folder: Path, *, in_force: str, status: str = "provisional") -> Path:
    """Put the draft onto a shelf as a package in force from that day: data is changed, and nothing else."""
    package = shelf(folder) / VERSION
    set_keys(package / "package.toml", version='"2027.0"', status=f'"{status}"', in_force=in_force)
    seal(package)
    return folder


def set_keys(file: Path, **values: str) -> None:
    """Give keys of a TOML file new values, each on its own line."""
    text = file.read_text("utf-8")
    for key, value in values.items():
        text, count = re.subn(rf"^{key}(\s*)=.*$", rf"{key}\1= {value}", text, count=1, flags=re.MULTILINE)
        assert count == 1, key
    file.write_text(text, "utf-8")


def without_insisting(schema: str) -> str:
    """Return the draft's schema with the language left to the sender, as a state would for assessments of before."""
    strict = '<xs:element name="Language" type="LanguageCode"/>'
    assert strict in schema
    return schema.replace(strict, strict.replace("/>", ' minOccurs="0"/>'))


def answers(**changed: str | None) -> dict[str, str]:
    """Return an accepted example of the draft, with these answers changed or left out."""
    return _example(DRAFT / EXAMPLE, changed)


def of_2026(**changed: str | None) -> dict[str, str]:
    """Return an accepted example of the provisional package; the draft's document has no place for all of it."""
    return _example(PACKAGES / "2026.1" / EXAMPLE, changed)


def of_both(**changed: str | None) -> dict[str, str]:
    """Return an assessment that the provisional package accepts, and that the draft's document has a place for."""
    without = dict.fromkeys(("MEMBER_ZIP", "FINALIZED_ON", "MEMBER_LIVING_SITUATION"))
    return _example(PACKAGES / "2026.1" / WITHOUT_CONSENT, {**without, **changed})


def _example(file: Path, changed: Mapping[str, str | None]) -> dict[str, str]:
    given = {**json.loads(file.read_text("utf-8"))["answers"], **changed}
    return {item: text for item, text in given.items() if text is not None}


def response(given: dict[str, str]) -> bytes:
    """Return these answers as a QuestionnaireResponse that needs no mapping."""
    items = [{"linkId": item, "answer": [{"valueString": text}]} for item, text in given.items()]
    return json.dumps({"resourceType": "QuestionnaireResponse", "status": "completed", "item": items}).encode()
