from __future__ import annotations

import re
from pathlib import Path

import pytest
from forty.assessments import AGENCY, forty
from forty.formats import Format, formats

from adapters import registry
from adapters.mapping import load_mapping
from canonical.payload import Payload

FORMATS = formats()
#: A text that stands on the edge of what a format carries, by what the page calls it.
EDGES = {
    "Blanks around": " \tbetween blanks  ",
    "Return and line feed": "one\r\ntwo",
    "No-break space": "5\u00a0mg",
    "Decomposed letter": "Zoe\u0308",
    "Emoji": "🙂",
}
PAGE = Path(__file__).parents[2] / "docs/formats.md"


def outcome(format_: Format, text: str, folder: Path) -> str:
    """Return what becomes of a comment: kept, changed, or refused by the format itself."""
    answers = {**forty()[0], "LDF_COMMENT": text}
    if format_.encoding and not format_.carries({"LDF_COMMENT": text}):
        return "no sign"
    mapping = None
    if format_.mapping is not None:
        (folder / "mapping.toml").write_text(format_.mapping, "utf-8")
        mapping = load_mapping(folder / "mapping.toml")
    (content,) = format_.write([answers])
    payload = Payload(content=content, name=f"edge.{format_.suffix}", agency=AGENCY)
    (found,) = registry.read(payload, mapping=mapping).assessments
    read = found.text("LDF_COMMENT")
    ways = ((None, "refused"), (text, "kept"), (text.strip(), "trimmed"), (text.replace("\r\n", "\n"), "line feed"))
    return next((way for left, way in ways if left == read), "changed")


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
def test_the_page_tells_what_becomes_of_texts_on_the_edge(format_: Format, tmp_path: Path):
    """The second table of docs/formats.md says of each format what really becomes of each of these texts."""
    found = [outcome(format_, text, tmp_path) for text in EDGES.values()]
    page = PAGE.read_text("utf-8")
    assert f"| Format | {' | '.join(EDGES)} |" in page
    assert re.findall(rf"^\| {re.escape(format_.name)} \| (?!\d)(.*) \|$", page, re.MULTILINE) == [" | ".join(found)]
