"""FHIR documents with something done to them, in JSON and in XML."""

from __future__ import annotations

import copy
import random

from lxml import etree

#: What a mutation puts in the place of a value, or beside it.
STRANGE = [
    None, "", [], {}, 7, -1, 2.5, True, "true", "7", "x" * 300, " ", {"code": 2}, [None], [[]], {"valueCoding": {"code": "1"}},
    "2026-02-30", "2026-03", "2026-03-02T10:00:00", "Group/1", "Patient/p", "\\u00e9", {"id": "a"}, {"resourceType": "Basic"},
]  # fmt: skip
NAMES = [
    "extension",
    "item",
    "answer",
    "zz",
    "text",
    "valueString",
    "_status",
    "status",
    "id",
    "use",
    "period",
    "contained",
]


def places(node, path=()):
    """Yield the path of every value of a document."""
    yield path
    for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(child, (*path, key))


def mutated(document, dice: random.Random):
    """Return a copy with one value replaced, taken away, doubled, or given a strange neighbour."""
    copied = copy.deepcopy(document)
    *way, last = dice.choice([place for place in places(copied) if place])
    holder = copied
    for step in way:
        holder = holder[step]
    what = dice.randrange(4)
    if what == 0:
        holder[last] = copy.deepcopy(dice.choice(STRANGE))
    elif what == 1:
        del holder[last]
    elif isinstance(holder, list):
        holder.append(copy.deepcopy(holder[last]) if what == 2 else copy.deepcopy(dice.choice(STRANGE)))
    else:
        holder[dice.choice(NAMES)] = copy.deepcopy(dice.choice(STRANGE))
    return copied


def mutated_xml(content: bytes, dice: random.Random) -> bytes:
    """Return XML with one element or attribute changed, doubled, renamed, moved or taken away."""
    root = etree.fromstring(content)
    element = dice.choice([one for one in root.iter() if one is not root])
    parent = element.getparent()
    what = dice.randrange(7)
    if what == 0 and "value" in element.attrib:
        strange = [one for one in STRANGE if isinstance(one, str | int | float)]
        element.set("value", str(dice.choice(strange)))
    elif what == 1:
        parent.remove(element)
    elif what == 2:
        element.addnext(copy.deepcopy(element))
    elif what == 3:
        element.tag = "{http://hl7.org/fhir}" + dice.choice(NAMES)
    elif what == 4:
        element.set(dice.choice(["value", "id", "url", "zz"]), "x")
    elif what == 5:
        element.attrib.clear()
    else:
        new = etree.SubElement(element, "{http://hl7.org/fhir}" + dice.choice(NAMES))
        new.set("value", "x")
    return etree.tostring(root)
