from __future__ import annotations

import codecs
import socket
import threading
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from adapters.xml_text import Element, Parsed, parse
from markup.door import Watch, watched
from markup.text import DOCUMENT, Limits

LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="￾￿"), max_size=8)
NAMES = st.from_regex(r"[a-z][a-z0-9.-]{0,3}", fullmatch=True)


def tree(element: Element) -> tuple[object, ...]:
    """Return a tree as plain tuples."""
    return (element.tag, element.attributes, [one if isinstance(one, str) else tree(one) for one in element.content])


REFUSED = [
    pytest.param(b"", "empty", None, id="nothing"),
    pytest.param(b" \n ", "empty", None, id="blanks"),
    pytest.param(b"plain text", "not well-formed", 1, id="no XML"),
    pytest.param(b"<a>\n<b>\n</a>", "another name", 3, id="closed under another name"),
    pytest.param(b"<a>\n", "ends before", 2, id="an open end"),
    pytest.param(b"<a/>\n\nx", "follows the end", 3, id="something behind the end"),
    pytest.param(b"<a/><a/>", "follows the end", 1, id="two roots"),
    pytest.param(b"<a b='1' b='2'/>", "twice", 1, id="an attribute twice"),
    pytest.param(b"<a b=1/>", "quotes", 1, id="no quotes"),
    pytest.param(b"<a b/>", "no value", 1, id="no value"),
    pytest.param(b"<a b='<'/>", "sign <", 1, id="a sign in an attribute"),
    pytest.param(b"<a>&nbsp;</a>", "entity", 1, id="an entity of HTML"),
    pytest.param(b"<a>\n&#0;</a>", "not allow", 2, id="a zero by number"),
    pytest.param(b"<a>&#xD800;</a>", "not allow", 1, id="half a character by number"),
    pytest.param(b"<a>\0</a>", "not allow", 1, id="a zero"),
    pytest.param(b"<a>\n\n\xe9</a>", "encoding", 3, id="no UTF-8"),
    pytest.param("<a>\ud800</a>".encode("utf-8", "surrogatepass"), "encoding", 1, id="half a character"),
    pytest.param(
        codecs.BOM_UTF16_LE + "<a>\ud800</a>".encode("utf-16-le", "surrogatepass"), "encoding", 1, id="half in UTF-16"
    ),
    pytest.param("<a/>".encode("utf-32"), "UTF-32", None, id="UTF-32"),
    pytest.param(b"<?xml version='1.0' encoding='UTF-7'?><a/>", "encoding that is not read", 1, id="UTF-7"),
    pytest.param(b"<?xml version='1.0' encoding='ebcdic-cp-us'?><a/>", "encoding that is not read", 1, id="EBCDIC"),
    pytest.param(b"<?xml version='1.0' encoding='utf-16'?><a/>", "in another", 1, id="says UTF-16 and is not"),
    pytest.param(
        codecs.BOM_UTF8 + b"<?xml version='1.0' encoding='latin-1'?><a/>", "in another", 1, id="a mark against a word"
    ),
    pytest.param(
        "<?xml version='1.0' encoding='utf-8'?><a/>".encode("utf-16"), "in another", 1, id="UTF-16 says UTF-8"
    ),
    pytest.param(b"<x:a/>", "prefix", 1, id="a prefix of nothing"),
    pytest.param(b"<a x:b='1'/>", "prefix", 1, id="an attribute's prefix of nothing"),
    pytest.param(b"<a>" * 201 + b"</a>" * 201, "deeper than 200", None, id="one level too many"),
    pytest.param(
        b"<a " + b" ".join(b"b%d=''" % n for n in range(257)) + b"/>", "256 attributes", 1, id="257 attributes"
    ),
    pytest.param(b"<a>" + b"<b/>" * 200_000 + b"</a>", "more than 200,000", None, id="a node too many"),
    pytest.param(b"<a>" + b"<!---->" * 200_000 + b"</a>", "more than 200,000", None, id="a comment too many"),
    pytest.param(b"<a>" + b" " * 10_000_000 + b"</a>", "larger than 10 MB", None, id="too large"),
]


@pytest.mark.parametrize(("content", "word", "line"), REFUSED)
def test_what_is_refused_says_why_and_where(content, word, line):
    """Each text that is not read has one reason in our words, and its line where it has one."""
    refused = parse(content)
    assert isinstance(refused, tuple)
    assert word in refused[0].reason
    assert refused[0].line == line


@pytest.mark.parametrize(
    "content",
    [
        "<!DOCTYPE a><a/>",
        "<?xml version='1.0'?>\n<!-- a > -->\n<?p <!?><!DOCTYPE a SYSTEM 'http://127.0.0.1/x.dtd'><a/>",
        "<!DOCTYPE a [<!ENTITY % p SYSTEM 'file:///etc/hostname'> %p;]><a/>",
        "<!DOCTYPE a PUBLIC '-//X' 'x.dtd' [<!ATTLIST a b CDATA 'c'>]><a/>",
        LAUGHS + "]><l>&j;</l>",
        "<!DOCTYPE a [<!ENTITY e '" + "x" * 50_000 + "'>]><a>" + "&e;" * 50_000 + "</a>",
        "<!doctype html><html/>",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_document_type_is_refused_before_anything_is_built(content, encoding, monkeypatch):
    """Whatever it holds, however it is encoded: the parser is not even called."""
    monkeypatch.setattr("markup.door._fed", pytest.fail)
    refused = parse(content.encode(encoding))
    assert isinstance(refused, tuple)
    assert "DOCTYPE" in refused[0].reason


def test_no_document_reaches_a_file_or_the_network(tmp_path):
    """Stylesheets, schema locations and inclusions are text like any other: nobody is called, and no file is read."""
    canary = tmp_path / "canary"
    canary.write_text("CANARY")
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x"

        def answer() -> None:
            try:
                calls.append(server.accept())
            except TimeoutError:
                return

        listener = threading.Thread(target=answer)
        listener.start()
        for place in (address, canary.as_uri()):
            read = parse(
                f"<?xml-stylesheet href='{place}'?><a xmlns:xi='http://www.w3.org/2001/XInclude' xsi:schemaLocation='u {place}'"
                f" xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><xi:include href='{place}' parse='text'/></a>".encode()
            )
            assert isinstance(read, Parsed)
            assert "CANARY" not in str(tree(read.root))
            assert isinstance(parse(f"<!DOCTYPE a SYSTEM '{place}'><a>&b;</a>".encode()), tuple)
        listener.join()
    assert calls == []


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", None),
        ("utf-8", "UTF-8"),
        ("utf-8-sig", "utf-8"),
        ("utf-16", "utf-16"),
        ("utf-16-le", None),
        ("utf-16-be", "UTF-16"),
        ("latin-1", "ISO-8859-1"),
        ("windows-1252", "windows-1252"),
    ],
)
def test_every_encoding_that_is_read_gives_the_same_tree(encoding, said):
    """A name with accents is the same name in each of them."""
    declaration = f"<?xml version='1.0' encoding='{said}'?>" if said else ""
    read = parse(f"{declaration}<é ü='ß'>Zoë</é>".encode(encoding))
    assert isinstance(read, Parsed)
    assert tree(read.root) == ("é", (("ü", "ß"),), ["Zoë"])


def test_what_lies_at_the_limits_is_read():
    """As deep, as wide and as many as the limits say is fine."""
    limits = DOCUMENT
    wide = " ".join(f"b{n}=''" for n in range(limits.attributes))
    assert isinstance(parse(b"<a>" * limits.depth + b"</a>" * limits.depth), Parsed)
    assert isinstance(parse(f"<a {wide}/>".encode()), Parsed)
    assert isinstance(parse(b"<a>" + b"<b/>" * (limits.nodes - 1) + b"</a>"), Parsed)


def test_a_comment_does_not_cut_a_text_in_two():
    """Programs differ in what they make of text around a comment; here it is one text."""
    read = parse(b"<a>4<!-- -->2<?p?>1<![CDATA[<&]]></a>")
    assert isinstance(read, Parsed)
    assert read.root.text() == "421<&"


def test_a_walk_ends_at_its_own_limits():
    """Whoever looks at large parts brings limits of their own; no tree is kept."""
    document = b"<a>" + b"<b/>" * 10 + b"</a>"
    assert watched(document, Watch(Limits(nodes=11))) == document
    (refusal,) = watched(document, Watch(Limits(nodes=10)))
    assert "more than 10" in refusal.reason


@given(st.binary() | st.text().map(str.encode) | st.from_regex(rb"(<[a-c!?/&;\[\]= '\"-]{0,6}>?){0,20}"))
def test_no_bytes_make_it_raise(content):
    """Any bytes are a tree or a reason, never an exception."""
    read = parse(content)
    assert isinstance(read, Parsed) or (read[0].reason and (read[0].line or 1) >= 1)


@st.composite
def documents(draw, depth=3):
    name = draw(NAMES)
    attributes = draw(st.dictionaries(NAMES, WORDS, max_size=3))
    inner = draw(st.lists(WORDS.map(escape) | documents(depth - 1), max_size=4)) if depth else []
    pairs = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{pairs}>{''.join(inner)}</{name}>"


def expected(element: etree._Element) -> tuple[object, ...]:
    content: list[object] = [element.text or ""]
    for child in element:
        content += [expected(child), child.tail or ""]
    kept = [one for one in content if not isinstance(one, str) or one.strip(" \t\r\n")]
    return (element.tag, tuple(element.attrib.items()), kept)


@given(documents())
def test_the_tree_is_that_of_the_library(document):
    """What we build of a document is what lxml itself builds of it, but for blanks between elements."""
    read = parse(document.encode())
    assert isinstance(read, Parsed)
    assert tree(read.root) == expected(etree.fromstring(document))
