"""What any file may suffer on its way: cut off, bits turned, bytes put in. Seeded: the same every time."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence

#: Files with what is wrong with them.
Files = Iterator[tuple[str, bytes]]
#: By what is wrong in general: how such files are made.
Kinds = Mapping[str, Callable[[], Files]]


def told(kinds: Kinds) -> Iterator[tuple[str, str, bytes]]:
    """Yield every file: what is wrong in general, in particular, and the file."""
    for kind, files in kinds.items():
        for label, content in files():
            yield kind, label, content


def cut(content: bytes, step: int = 50) -> Files:
    """Yield the content, cut off at every so many bytes."""
    for end in range(0, len(content), step):
        yield f"cut at {end}", content[:end]


def damaged(content: bytes, tokens: Sequence[bytes], count: int, seed: int = 7) -> Files:
    """Yield the content with a few bytes turned, or a few hostile tokens put in."""
    chance = random.Random(seed)
    for number in range(count):
        changed = bytearray(content)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(changed))
            if chance.random() < 0.5:
                changed[at] = chance.randrange(256)
            else:
                changed[at:at] = chance.choice(tokens)
        yield f"damaged {number}", bytes(changed)
