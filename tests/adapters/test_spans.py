"""Where a value is written, and what another one looks like there: written, read again, and not a byte beside it changed."""

from __future__ import annotations

import csv
import io
import json
from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters import registry, spans
from adapters.mapping import load_mapping
from canonical.payload import Payload

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co")), min_size=1, max_size=20)
ITEMS = "[items]\nMEMBER_LOCAL_ID = {{ {} }}\nMEMBER_LAST_NAME = {{ {} }}\n"
HEAD = 'agency = "a"\nformat = "{}"\neffective = 2026-01-01\n{}\n'
LETTERS = {"utf-8": "Zoë 🎺", "utf-16": "Zoë 🎺", "windows-1252": "Zoë", "iso-8859-1": "Zoë"}


def delimited(first, second, encoding, quoting):
    out = io.StringIO()
    how = {"quoting": csv.QUOTE_NONE, "escapechar": "\\"} if quoting == "none" else {}
    if quoting == "backslash":
        how = {"doublequote": False, "escapechar": "\\"}
    if quoting == "single":
        how = {"quotechar": "'"}
    writer = csv.writer(out, lineterminator="\r\n", **how)
    writer.writerows([["Nr", "Name", "Note"], [first, second, LETTERS[encoding]], ["2", "B", "x"]])
    return out.getvalue().encode(encoding)


def as_json(first, second, encoding, _):
    return json.dumps({"z": LETTERS[encoding], "a": [first], "b": second}, ensure_ascii=False).encode()


def as_xml(first, second, encoding, how):
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    body = f"<b>{escape(second)}</b>" if how == "text" else f"<b><![CDATA[{second.replace(']]>', '')}]]></b>"
    text = f"{head}<r><!-- {LETTERS[encoding]} --><a v={quoteattr(first)}/>\n {body}</r>"
    return text.encode(encoding, "xmlcharrefreplace")


def as_hl7(first, second, encoding, _):
    signs = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}
    first, second = ("".join(signs.get(sign, sign) for sign in text) for text in (first, second))
    charset = {"utf-8": "UNICODE UTF-8", "windows-1252": "WINDOWS-1252"}[encoding]
    lines = [f"MSH|^~\\&|A|B|C|D|20260304||ORU^R01|1|P|2.5.1||||||{charset}", f"PID|1|{LETTERS[encoding]}|{first}^^^X"]
    return "\r".join([*lines, f"OBX|1|ST|Q^q||{second}||||||F", ""]).encode(encoding, "replace")


FORMS = [
    *(("delimited", delimited, e, q) for e in ("utf-8", "utf-16", "windows-1252") for q in ("double", "single", "backslash")),
    ("json", as_json, "utf-8", ""),
    *(("xml", as_xml, e, how) for e in ("utf-8", "utf-16", "iso-8859-1") for how in ("text", "cdata")),
    *(("hl7v2", as_hl7, e, "") for e in ("utf-8", "windows-1252")),
]  # fmt: skip
PLACES = {
    "delimited": ('from = "Nr"', 'from = "Name"'),
    "json": ('from = "a"', 'from = "b"'),
    "xml": ('from = "a/@v"', 'from = "b"'),
    "hl7v2": ('from = "PID-3.1"', "from = 'OBX[3.1 = \"Q\"]-5'"),
}


@pytest.fixture(scope="module")
def mappings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mappings")
    loaded = {}
    for format_, _, _, how in FORMS:
        head = f'delimiter = ","\nquoting = "{how}"' if format_ == "delimited" else ""
        file = folder / f"{format_}-{how}.toml"
        file.write_text(HEAD.format(format_, head) + ITEMS.format(*PLACES[format_]))
        loaded[format_, how] = load_mapping(file)
    return loaded


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form[0]}-{form[2]}-{form[3]}")
@given(first=TEXTS, second=TEXTS, third=TEXTS)
def test_a_text_that_was_put_is_read_again(mappings, form, first, second, third):
    """Whatever stood there and whatever is put there, in every format, encoding and way of quoting."""
    format_, write, encoding, how = form
    first, second = (text.encode(encoding, "ignore").decode(encoding).strip() or "x" for text in (first, second))
    mapping = mappings[format_, how]
    content = write(first, second, encoding, how)
    before = _read(content, format_, mapping)
    if before is None or before.keys() != {"MEMBER_LOCAL_ID", "MEMBER_LAST_NAME"}:
        return  # the text is one that the format refuses; nothing is to be put there
    for item, other in (("MEMBER_LOCAL_ID", "MEMBER_LAST_NAME"), ("MEMBER_LAST_NAME", "MEMBER_LOCAL_ID")):
        source = before[item].source
        payload = Payload(content=content, name="x")
        written = spans.find(payload, format_, mapping, [source]).get(source)
        assert written is not None, "a value of our own making has its bytes"
        assert written.text.strip() == before[item].text
        replacement = written.put(third.strip() or "y")
        if replacement is None:
            assert how == "cdata" or not _has(third, written.encoding), "whatever the encoding has can be written"
            continue
        changed = content[: written.start] + replacement.encode(written.encoding) + content[written.end :]
        after = _read(changed, format_, mapping)
        assert after is not None
        assert after[item].text == (third.strip() or "y")
        assert after[other].text == before[other].text


def _has(text, encoding):
    return text == text.encode(encoding, "ignore").decode(encoding)


def _read(content, format_, mapping):
    reading = registry.read(Payload(content=content, name="x"), format=format_, mapping=mapping)
    if not reading.assessments:
        return None
    answers = reading.assessments[0].answers
    return {item: answers[item] for item in ("MEMBER_LOCAL_ID", "MEMBER_LAST_NAME") if item in answers}


def test_places_that_are_no_values_have_no_bytes(mappings):
    """A row, a missing member, a workbook: nothing is found, and nothing raised."""
    mapping = mappings["json", ""]
    payload = Payload(content=b'{"a": ["x"], "b": {"c": 1}}', name="x")
    reading = registry.read(payload, format="json", mapping=mapping)
    (one,) = reading.assessments

    assert spans.find(payload, "json", mapping, [one.origin]) == {}
    assert spans.find(payload, "workbook", mapping, [one.origin]) == {}
    assert spans.find(Payload(content=b"{", name="x"), "json", mapping, [one.origin]) == {}


@pytest.mark.parametrize(
    "around",
    [
        pytest.param("<!-- <![CDATA[ -->{}", id="in a comment before"),
        pytest.param("<?say <![CDATA[?>{}", id="in an instruction before"),
        pytest.param("<![CDATA[]]>{}", id="empty"),
    ],
)
def test_the_sign_of_cdata_is_one_only_where_text_begins(around, mappings):
    """Fuzzing found a comment that holds the sign: what stands behind it is no such section, and has its bytes."""
    mapping = mappings["xml", "text"]
    content = f'<r>{around.format("")}<a v="1"/><b>Wren &amp; Co</b></r>'.encode()
    answer = _read(content, "xml", mapping)["MEMBER_LAST_NAME"]
    written = spans.find(Payload(content=content, name="x"), "xml", mapping, [answer.source])[answer.source]
    assert (content[written.start : written.end], written.text) == (b"Wren &amp; Co", "Wren & Co")
