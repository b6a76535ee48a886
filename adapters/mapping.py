"""The mapping language: where each item is found in an agency's export, and how its words translate.

```toml
agency    = "riverbend"
format    = "delimited"             # or workbook, json, xml, hl7v2, fhir
effective = 2026-01-01              # payloads dated before use the mapping before
empty     = ["N/A", "--"]           # what stands in a place that is not answered, besides nothing
ignore    = [{ from = ["Staff note"], because = "It is the agency's own." }]
[items]
MEMBER_DOB    = { from = "DOB", date = ["%m/%d/%Y", "serial"] }
LDF_SLEEP     = { from = "BE_Sleep", codes = "rating" }
MEMBER_ID     = { from = "RID", strip = "'", pad = 12 }
LDF_COMMENT   = { from = "BE_Notes", empty = [] }
ASSESSOR_NAME = { from = ["Clin Last", "Clin First"], join = ", " }
ASSESSOR_KEY  = { from = "Signature", split = { at = "/", part = -1 } }
LDF_FAMILY    = { from = "BE_Family", number = "." }            # 2.0 is 2
SED_DETERMINATION = { from = "SED", truth = "yes-no", default = "unanswered" }
SERVICE       = { value = "OPT" }
[codes.rating]
"Watchful" = "1"
```

Of tables (``delimited``, ``workbook``): ``header_row = 3``; ``header = false``, and then ``field = 32`` instead of ``from``,
``fields = 254``; ``trailer = "^"``, what the last field of each row must be; ``short_records = "pad"``; ``layout = "long"`` for one
row an item, with ``[long] key = ["Record"]``, ``item = "Question"``, ``value = "Answer"``, and for an item ``question = "SLP"`` where it
is a row and ``from`` where it is a column. Of delimited text ``delimiter``, ``encoding`` and ``quoting``, of a workbook ``sheet`` and ``header_rows``; of
``json``, ``xml`` and ``hl7v2`` ``records``, and ``from`` is a path (`adapters/path.py`); of ``fhir`` ``release``, and ``from`` is a link
id (`adapters/fhir_record.py`).

A mapping is data: it holds no expression and no code. It is read strictly; a key that nothing knows is a defect.
"""

from __future__ import annotations

from pathlib import Path

from adapters.agency_mapping import AgencyMapping, ItemMapping
from adapters.mapping_file import load_mapping
from adapters.mapping_table import MappingDefect, lines

__all__ = ["AgencyMapping", "ItemMapping", "MappingDefect", "lines_of", "load_mapping"]


def lines_of(path: Path) -> dict[tuple[str, ...], int]:
    """Return the line of each table and key of a mapping file that was loaded: ``("items", "MEMBER_DOB")`` and so on."""
    return dict(lines(path.read_text("utf-8")))
