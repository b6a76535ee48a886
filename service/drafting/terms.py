"""Names cut into words: ``clinician/familyName``, ``RB_OTHSH``, ``SED Part II - Inability to Learn``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from service.drafting.lexicon import STOP, SYNONYMS

_WORD: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_APOSTROPHE: Final = re.compile(r"['\u2019]s?\b")
_ROMAN: Final = {"i": "1", "ii": "2", "iii": "3"}


@lru_cache(maxsize=8192)
def terms(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case, in our own vocabulary; each once, and none that says nothing."""
    found = [word.lower() for word in _WORD.findall(_APOSTROPHE.sub("", name))]
    plain = [_ROMAN.get(word, word) if at and found[at - 1] == "part" else word for at, word in enumerate(found)]
    if len(plain) > 1 and plain[-1] == "on":
        plain[-1] = "date"  # assessedOn
    own = (part for word in plain for part in SYNONYMS.get(word, word).split())
    return tuple(dict.fromkeys(word for word in own if word not in STOP))
