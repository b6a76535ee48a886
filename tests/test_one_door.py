"""Nobody but the door parses XML: what other files take from libraries of XML writes, or is the name of a type."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("canonical", "markup", "specs", "adapters", "validators", "gateway_client", "service", "sandbox")
DOOR = "markup/door.py"
LIBRARIES = re.compile(r"(?:lxml|xml|pyexpat|defusedxml|xmltodict|xmlschema|bs4|html5lib|html\.parser)(?:\.|$)")
#: A library that somebody imports by its name in a text.
IN_TEXT = re.compile(r"(?:lxml|xml|pyexpat)(?:\.\w+)+")
#: By the module, what may be taken from it anywhere.
HARMLESS = {
    "lxml": {"etree", "html"},
    "lxml.etree": {"_Element", "_LogEntry", "Element", "SubElement", "QName", "tostring", "XMLSchema"},
    "lxml.html": {"HtmlElement", "tostring"},
    "lxml.html.builder": {"E"},
    "xml.etree.ElementTree": {"Element", "SubElement", "indent", "tostring"},
    "xml.sax.saxutils": {"escape", "quoteattr"},
}
#: Types that would parse if they were called, and methods of trees that open what a document names.
NEVER_CALLED = {"XMLSchema", "xinclude", "XSLT", "RelaxNG", "Schematron", "DTD"}


def parses(source: str) -> Iterator[str]:
    """Yield each line of a module that could parse XML, with what it names."""
    tree = ast.parse(source)
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        names = list(taken(node))
        modules |= {alias: name for alias, name in names if name in HARMLESS}
        found = [name for _, name in names if not harmless(name)]
        for name in (*found, *named(node)):
            yield f"{node.lineno}: {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            name = f"{modules[node.value.id]}.{node.attr}"
            if not harmless(name):
                yield f"{node.lineno}: {name}"


def harmless(name: str) -> bool:
    module, _, last = name.rpartition(".")
    return last in HARMLESS.get(module, ())


def taken(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield what an import takes out of a library of XML: what it is called here, and its whole name."""
    if isinstance(node, ast.ImportFrom) and LIBRARIES.match(node.module or ""):
        yield from ((one.asname or one.name, f"{node.module}.{one.name}") for one in node.names)


def named(node: ast.AST) -> Iterator[str]:
    """Yield a library that is imported whole or named in a text, and the calls that never are harmless."""
    if isinstance(node, ast.Import):
        yield from (one.name for one in node.names if LIBRARIES.match(one.name))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and IN_TEXT.fullmatch(node.value):
        yield repr(node.value)
    elif isinstance(node, ast.Call):
        called = getattr(node.func, "attr", getattr(node.func, "id", ""))
        yield from {f"{called}()"} if called in NEVER_CALLED else ()


def test_there_is_one_door():
    """No file of ours parses XML, or compiles a schema, but the door itself."""
    found = {
        name: lines
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
        if (name := str(file.relative_to(ROOT))) != DOOR and (lines := list(parses(file.read_text("utf-8"))))
    }
    assert found == {}


@pytest.mark.parametrize(
    "planted",
    [
        "from lxml import etree\netree.fromstring(b'<a/>')",
        "from lxml import etree\nmade = etree.XMLParser",
        "from lxml import etree as tree\ntree.XML(b'<a/>')",
        "from lxml import etree\netree.parse('a.xml')",
        "from lxml import etree\netree.iterparse('a.xml')",
        "from lxml import etree\netree.XMLPullParser()",
        "from lxml import etree\netree.XMLSchema(root)",
        "from lxml import etree\netree.XMLSchema(file='wire.xsd')",
        "from lxml.etree import fromstring",
        "from lxml.etree import XMLSchema\nXMLSchema(root)",
        "from lxml import html\nhtml.fromstring('<a>')",
        "from lxml import objectify",
        "import lxml.etree",
        "import lxml",
        "import xml.sax",
        "from xml.etree import ElementTree",
        "from xml.etree.ElementTree import parse",
        "import xml.etree.ElementTree as ET",
        "from xml.dom import minidom",
        "from xml.parsers import expat",
        "import pyexpat",
        "from importlib import import_module\nimport_module('lxml.etree')",
        "def f(root):\n    root.getroottree().xinclude()",
    ],
)
def test_a_second_door_is_seen(planted):
    """Each way to open one is found, so the test above means something."""
    assert list(parses(planted))


def test_what_writes_is_no_door():
    """Who builds elements, names a type or writes them out is not held up."""
    written = (
        "from lxml import etree\ndef f(s: etree.XMLSchema) -> bytes:\n    return etree.tostring(etree.Element('a'))"
    )
    assert list(parses(written)) == []
