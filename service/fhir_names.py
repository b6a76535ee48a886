"""What our FHIR side is called: addresses and ids, the same in the exported package and in whatever answers it.

The addresses are **our assumption** until the state publishes its own profile. They are names and lead nowhere:
``.example`` belongs to nobody. ``adapters.fhir`` reads the last part of a questionnaire's address as the instrument.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from specs.spec import Item, Spec, Type

BASE: Final = "https://ecas-bridge.example/fhir"
#: The list of a tri-state's three words: ours, and of no package.
TRISTATE: Final = "ecas.tristate"
#: Its codes, with the words for people.
TRISTATE_CODES: Final = {"yes": "Yes", "no": "No", "unanswered": "Unanswered"}

#: Names that become an id without losing what tells them apart: lists have underscores, instruments hyphens.
_SNAKE: Final = re.compile(r"[A-Za-z0-9_]{1,64}")
_KEBAB: Final = re.compile(r"[A-Za-z0-9-]{1,64}")


def questionnaire(instrument: str) -> str:
    """Return the address of an instrument's Questionnaire."""
    return f"{BASE}/Questionnaire/{instrument}"


def questionnaire_id(instrument: str) -> str:
    """Return the id of an instrument's Questionnaire."""
    return instrument if _KEBAB.fullmatch(instrument) else _hashed(instrument)


def code_system(codes: str) -> str:
    """Return the address of a code list's CodeSystem."""
    return f"{BASE}/CodeSystem/{list_id(codes)}"


def value_set(codes: str) -> str:
    """Return the address of the ValueSet of all codes of a list."""
    return f"{BASE}/ValueSet/{list_id(codes)}"


def list_id(codes: str) -> str:
    """Return the id of a code list's resources; FHIR's ids have no underscore."""
    if codes == TRISTATE:
        return TRISTATE
    return codes.replace("_", "-") if _SNAKE.fullmatch(codes) else _hashed(codes)


def versioned(address: str, spec: Spec) -> str:
    """Return an address together with the version of the package."""
    return f"{address}|{spec.version}"


def list_of(item: Item) -> str | None:
    """Return the code list that an item's answers come from; a tri-state has one too."""
    return TRISTATE if item.type is Type.TRISTATE else item.codes


def _hashed(name: str) -> str:
    """Return a FHIR id that no other name has."""
    readable = re.sub("[^A-Za-z0-9]+", "-", name).strip("-")[:40]
    return f"{readable}.{hashlib.sha256(name.encode()).hexdigest()[:16]}"
