"""What somebody with every right but the keys can do to a chain: a seeded table of tamperings, on plain lists of entries.

Each returns the chain as it is afterwards and the number at which it first differs from what was told. The cunning ones
mend all digests behind them: whoever has no key can do that, and the chain by itself holds together again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

from service.audit.entry import BEGINNING, Entry, chained

Chain = list[Entry]
Tampering = Callable[[Chain, random.Random], tuple[Chain, int]]

_WORDS: Final = {
    "at": 1, "action": "submission.listed", "outcome": "refused", "principal": "key_other", "role": "admin",
    "kind": "replay", "about": "sub_other", "detail": "other", "note": "0" * 64, "request": "req_other",
}  # fmt: skip


def mended(chain: Chain, first: int) -> Chain:
    """Write all digests from this place on anew, and number on."""
    digest = chain[first - 1].digest if first else BEGINNING
    done = chain[:first]
    for number, entry in enumerate(chain[first:], start=first + 1):
        digest = chained(digest, entry._replace(number=number))
        done.append(entry._replace(number=number, digest=digest))
    return done


def _changed(entry: Entry, rng: random.Random) -> Entry:
    field = rng.choice(sorted(_WORDS))
    return entry._replace(**{field: _WORDS[field] if field != "at" else entry.at + rng.choice((-1, 1, 86_400_000))})


def _edit(chain: Chain, rng: random.Random) -> tuple[Chain, int]:
    place = rng.randrange(len(chain))
    return [*chain[:place], _changed(chain[place], rng), *chain[place + 1 :]], place + 1


def _edit_digest(chain: Chain, rng: random.Random) -> tuple[Chain, int]:
    place, letter = rng.randrange(len(chain)), rng.randrange(64)
    digest = chain[place].digest
    other = "0123456789abcdef".replace(digest[letter], "")[rng.randrange(15)]
    changed = chain[place]._replace(digest=digest[:letter] + other + digest[letter + 1 :])
    return [*chain[:place], changed, *chain[place + 1 :]], place + 1


def _edit_with_its_digest(chain: Chain, rng: random.Random) -> tuple[Chain, int]:
    place = rng.randrange(len(chain) - 1)
    changed = _changed(chain[place], rng)._replace(digest="")
    changed = changed._replace(digest=chained(chain[place - 1].digest if place else BEGINNING, changed))
    return [*chain[:place], changed, *chain[place + 1 :]], place + 2  # it is the next that follows from nothing


def _delete(chain: Chain, rng: random.Random) -> tuple[Chain, int]:
    place = rng.randrange(len(chain) - 1)
    return [*chain[:place], *chain[place + 1 :]], place + 1


def _delete_and_number_on(chain: Chain, rng: random.Random) -> tuple[Chain, int]:
    place = rng.randrange(len(chain) - 1)
    rest = [entry._replace(number=entry.number - 1) for entry in chain[place + 1 :]]
    return [*chain[:place], *rest], place + 1


def _swap(chain: Chain, rng: random.Random) -> tuple[Chain, int]:
    one, other = sorted(rng.sample(range(len(chain)), 2))
    done = [*chain]
    done[one], done[other] = chain[other]._replace(number=one + 1), chain[one]._replace(number=other + 1)
    return done, one + 1


def _swap_contents(chain: Chain, rng: random.Random) -> tuple[Chain, int]:
    one, other = sorted(rng.sample(range(len(chain)), 2))
    done = [*chain]
    done[one] = chain[other]._replace(number=one + 1, digest=chain[one].digest)
    done[other] = chain[one]._replace(number=other + 1, digest=chain[other].digest)
    return done, one + 1


def _insert(chain: Chain, rng: random.Random) -> tuple[Chain, int]:
    place = rng.randrange(len(chain))
    new = _changed(chain[place], rng)._replace(number=place + 1, digest="")
    new = new._replace(digest=chained(chain[place - 1].digest if place else BEGINNING, new))
    rest = [entry._replace(number=entry.number + 1) for entry in chain[place:]]
    return [*chain[:place], new, *rest], place + 2  # it follows well; those that it pushed on do not


def _append(chain: Chain, rng: random.Random) -> tuple[Chain, int]:
    new = _changed(chain[-1], rng)._replace(number=len(chain) + 1, digest="")
    return [*chain, new._replace(digest=chained(chain[-1].digest, new))], len(chain) + 1


def _cut(chain: Chain, rng: random.Random) -> tuple[Chain, int]:
    left = rng.randrange(len(chain))
    return chain[:left], left + 1


def _rebuild_edited(chain: Chain, rng: random.Random) -> tuple[Chain, int]:
    done, place = _edit(chain, rng)
    return mended(done, place - 1), place


def _rebuild_without_one(chain: Chain, rng: random.Random) -> tuple[Chain, int]:
    place = rng.randrange(len(chain) - 1)
    return mended([*chain[:place], *chain[place + 1 :]], place), place + 1


def _rebuild_with_one_more(chain: Chain, rng: random.Random) -> tuple[Chain, int]:
    place = rng.randrange(len(chain))
    return mended([*chain[:place], _changed(chain[place], rng), *chain[place:]], place), place + 1


#: Those that anybody finds with the copy alone, and those that only a checkpoint shows.
TAMPERINGS: Final[Mapping[str, Tampering]] = {
    "edit": _edit,
    "edit the digest": _edit_digest,
    "edit with its digest": _edit_with_its_digest,
    "delete": _delete,
    "delete and number on": _delete_and_number_on,
    "swap": _swap,
    "swap contents": _swap_contents,
    "insert": _insert,
    "append": _append,
    "cut the tail": _cut,
    "rebuild edited": _rebuild_edited,
    "rebuild without one": _rebuild_without_one,
    "rebuild with one more": _rebuild_with_one_more,
}
#: What is said of each; several where nobody can know: a checkpoint may lie on the very entry.
SAID: Final[Mapping[str, frozenset[str]]] = {
    "edit": frozenset({"edited"}),
    "edit the digest": frozenset({"edited"}),
    "edit with its digest": frozenset({"edited", "chain rebuilt"}),
    "delete": frozenset({"missing"}),
    "delete and number on": frozenset({"missing", "edited", "tail cut"}),
    "swap": frozenset({"swapped"}),
    "swap contents": frozenset({"swapped"}),
    "insert": frozenset({"inserted", "chain rebuilt", "edited"}),
    "append": frozenset({"inserted"}),
    "cut the tail": frozenset({"tail cut"}),
    "rebuild edited": frozenset({"chain rebuilt"}),
    "rebuild without one": frozenset({"chain rebuilt", "tail cut"}),
    "rebuild with one more": frozenset({"chain rebuilt"}),
}
