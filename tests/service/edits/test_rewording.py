from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.mapping import load_mapping
from service.edits.rewording import Rewording
from specs.catalog import Catalog

TODAY = date(2026, 11, 22)
SPEC = Catalog().named("2026.1")
MAPPING = """
agency = "a"
format = "delimited"
effective = 2026-01-01
empty = ["None of these"]
[items]
MEMBER_DOB = { from = "a", date = ["serial", "%d.%m.%Y"] }
FINALIZED_ON = { from = "b", split = { at = " / ", part = -1 }, date = "%m/%d/%Y" }
MEMBER_ID = { from = "c", pad = 12 }
LDF_SLEEP = { from = "d", codes = "need" }
LDF_FAMILY = { from = "e", number = "." }
SED_DETERMINATION = { from = "f", codes = "ja" }
[codes.need]
"Keine" = "0"
"None of these" = "1"
"Moderate" = "2"
[codes.ja]
"Ja" = "yes"
"Nein" = "no"
"""


@pytest.fixture(scope="module")
def reword(tmp_path_factory):
    file = tmp_path_factory.mktemp("mappings") / "m.toml"
    file.write_text(MAPPING)
    mapping = load_mapping(file)

    def reworded(item, text, *, mapped=True):
        rewording = Rewording(
            item=SPEC.occurrences[item],
            spec=SPEC,
            mapping=mapping if mapped else None,
            mapped=mapping.items.get(item) if mapped else None,
            today=TODAY,
        )
        found = rewording.of(text)
        return (found.text, found.certain) if found else None

    return reworded


@pytest.mark.parametrize(
    ("item", "text", "reworded"),
    [
        ("MEMBER_DOB", "2015-03-14", ("14.03.2015", True)),
        ("MEMBER_DOB", "3/4/2015", ("03.04.2015", False)),
        ("FINALIZED_ON", "RB / 2026-03-14", ("RB / 03/14/2026", True)),
        ("MEMBER_ID", "1002-0009-50", ("1002000950", True)),
        ("MEMBER_ID", "1002-0009-5028-77", None),
        ("LDF_SLEEP", "2 - moderate", ("moderate", True)),
        ("LDF_SLEEP", "'MODERATE'", ("MODERATE", True)),
        ("LDF_SLEEP", "Rating 0", ("keine", True)),
        ("LDF_SLEEP", "2", ("moderate", False)),
        ("LDF_SLEEP", "Rating 1", None),
        ("LDF_FAMILY", "two", ("2", True)),
        ("SED_DETERMINATION", "TRUE", ("ja", True)),
        ("SED_DETERMINATION", "1", ("ja", False)),
        ("LDF_SLEEP", "Dreadful", None),
        ("LDF_SLEEP", "x" * 5000, None),
    ],
)
def test_what_is_written_is_what_the_mapping_reads(reword, item, text, reworded):
    """In its form of a date, in a word of its table that it does not take for nothing, in the part of a text that is meant."""
    assert reword(item, text) == reworded


@pytest.mark.parametrize(
    ("item", "text", "reworded"),
    [
        ("MEMBER_ID", "10020009502", ("010020009502", False)),
        ("MEMBER_ID", "100200095028'", ("100200095028", True)),
        ("MEMBER_ZIP", "01301-", ("01301", True)),
        ("DX_CODE", "f41.1", ("F41.1", True)),
        ("MEMBER_LAST_NAME", "Mary\x1fAnn Lee", None),
        ("MEMBER_LOCAL_ID", '"RB\x1f1"', None),
        ("MEMBER_GENDER", "FEMALE", ("female", True)),
        ("MEMBER_GENDER", "W", None),
        ("INSTRUMENT", "CANS Five through Twenty", ("five-through-twenty", True)),
    ],
)
def test_without_a_mapping_the_canonical_text_is_written(reword, item, text, reworded):
    """Names and free text are let be; zeros are only likely to be what is lost."""
    assert reword(item, text, mapped=False) == reworded


@given(item=st.sampled_from(sorted(SPEC.items)), text=st.text(max_size=30), mapped=st.booleans())
def test_no_text_breaks_it(reword, item, text, mapped):
    """Whatever the text: there is another one to write in its place, or none."""
    found = reword(item, text, mapped=mapped)

    assert found is None or found[0]
