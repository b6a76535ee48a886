"""A good document with a few things wrong: bytes say which edits are made to its tree, so that what comes out parses.

Each three bytes are one edit: where, what, with what.
"""

from __future__ import annotations

import copy
import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

_MOST = 12
_ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        -1,
        1.5,
        10**15,
        "",
        " ",
        "x",
        "2",
        "2026-02-30",
        "2026-03-04",
        "2026-03-04T25:00:00Z",
        "#p",
        "#",
        "/",
    ),
    *(
        [],
        {},
        [[]],
        [None],
        [{}],
        {"value": 1},
        {"id": "p"},
        {"reference": "#p"},
        {"reference": "Patient/p|x"},
        "\u0000",
        "🙂",
    ),
    *(
        {"url": "urn:x", "valueString": "y"},
        {"coding": [{"code": "2"}]},
        {"start": "2026", "end": "2025"},
        "http://x/y|z",
        "=1",
    ),
)


def edited_json(content: bytes, edits: bytes, names: Sequence[str]) -> bytes:
    """Return a JSON text with edits: members and elements removed, replaced, copied, renamed, wrapped."""
    document = json.loads(content)
    for where, what, how in _triples(edits):
        places = list(_places(document))
        holder, key = places[where * len(places) // 256]
        value = holder[key]
        other_holder, other_key = places[how * len(places) // 256]
        match what % 8:
            case 0:
                del holder[key]
            case 1 | 2:
                holder[key] = copy.deepcopy(_ODD[how % len(_ODD)])
            case 3:
                holder[key] = copy.deepcopy(other_holder[other_key])
            case 4:
                holder[key] = [value]
            case 5 if isinstance(value, list):
                value.append(copy.deepcopy(value[how % len(value)] if value else None))
            case 6 if isinstance(holder, dict):
                holder[names[how % len(names)]] = holder.pop(key)
            case 7 if isinstance(value, dict):
                value[names[how % len(names)]] = copy.deepcopy(_ODD[what % len(_ODD)])
            case _:
                holder[key] = str(value)
        if not document:
            break
    return json.dumps(document, ensure_ascii=how_ascii(edits)).encode("utf-8", "surrogatepass")


def how_ascii(edits: bytes) -> bool:
    """Return whether characters beyond ASCII are escaped."""
    return bool(edits) and edits[0] % 2 == 0


def edited_xml(content: bytes, edits: bytes, names: Sequence[str]) -> bytes:
    """Return an XML text with edits: elements removed, repeated, moved, renamed, attributes and texts set."""
    root = ET.fromstring(content)
    space = root.tag[: root.tag.rfind("}") + 1]
    for where, what, how in _triples(edits):
        pairs = [(above, child) for above in root.iter() for child in above]
        if not pairs:
            break
        above, child = pairs[where * len(pairs) // 256]
        other = pairs[how * len(pairs) // 256][1]
        name = names[how % len(names)]
        match what % 8:
            case 0:
                above.remove(child)
            case 1:
                above.append(copy.deepcopy(child))
            case 2:
                child.append(copy.deepcopy(other))
            case 3:
                child.tag = space + name
            case 4:
                child.set("value", str(_ODD[how % len(_ODD)]).replace("\0", ""))
            case 5:
                child.text = name
            case 6:
                child.tail = name
            case _:
                child.attrib.pop("value", None)
                child.set(name.partition(":")[0], name)
    return ET.tostring(root)


def _triples(edits: bytes) -> Iterator[tuple[int, int, int]]:
    return islice(((edits[at], edits[at + 1], edits[at + 2]) for at in range(0, len(edits) - 2, 3)), _MOST)


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every member and element of a document with what holds it."""
    stack = [document]
    while stack:
        node = stack.pop()
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            yield node, key
            if isinstance(node[key], dict | list):
                stack.append(node[key])
