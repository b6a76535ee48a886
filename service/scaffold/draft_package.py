"""A loadable draft from a spreadsheet: its items and codes, and everything else from a package that is there already."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from canonical.errors import ConfigurationError, SpecDefect
from service.scaffold.schema_of_items import schema_of
from service.scaffold.sheet_items import SheetItems
from specs.items import COLUMNS, ITEMS, RELIED_ON
from specs.reader import load
from specs.seal import seal
from specs.spec import AgeRange, Spec
from specs.wire import check_wire

Row = dict[str, str]

#: Copied as they stand: a spreadsheet of items says nothing about them.
_COPIED: Final = ("certification.toml", "desks.toml", "transport.toml")
_CODE_COLUMNS: Final = ("list", "code", "label", "valid_from", "valid_to")
#: The requirement that the spreadsheet itself is.
_SHEET: Final = "SHEET-001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """What was written."""

    spec: Spec
    #: Items of the older package that code relies on and the spreadsheet lacks.
    taken_over: tuple[str, ...]


def draft_package(sheet: SheetItems, base: Spec, folder: Path, *, version: str, today: date, source: str) -> Drafted:
    """Write the package into a folder that is new or empty, seal it, and load it.

    Raises:
        ConfigurationError: the folder holds something already, or cannot be written.
        SpecDefect: the spreadsheet contradicts itself; the folder is left to be looked at and mended.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigurationError(f"{folder} holds something already: name a new folder.")
    rows, taken_over = _items(sheet, base)
    codes = _codes(sheet, base, rows)
    instruments = _instruments(rows, base)
    for name in instruments:
        codes.setdefault("instrument", {}).setdefault(name, name)
    namespace, root = f"urn:example:{version}", base.wire.root
    lists = {name: tuple(values) for name, values in codes.items()}
    files = {
        "package.toml": _package(base, version, today, source, namespace),
        "instruments.toml": "\n".join(_instrument(base, code, rows) for code in instruments),
        ITEMS: _csv(COLUMNS, rows),
        "codes.csv": _csv(_CODE_COLUMNS, _code_rows(codes, base)),
        "requirements.csv": _requirements(base, rows, source),
        "wire.xsd": schema_of(rows, lists, root=root, namespace=namespace),
        "NOTES.md": _notes(version, base, source, taken_over),
        **{name: (base.directory / name).read_text("utf-8") for name in _COPIED},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror}.") from None
    seal(folder)
    spec = load(folder)
    if defects := check_wire(spec):
        raise SpecDefect(f"The document of {folder} cannot be built.", defects=defects)
    return Drafted(spec=spec, taken_over=taken_over)


def _items(sheet: SheetItems, base: Spec) -> tuple[list[Row], tuple[str, ...]]:
    """Return all rows, section by section: those that code relies on from the older package, then the spreadsheet's."""
    former = {row["item"]: row for row in _read(base, ITEMS)}
    relied_on = {code: row for code, row in former.items() if code in RELIED_ON}
    layout = _Layout.of(former.values())
    taken_over = tuple(code for code in relied_on if code not in sheet.items)
    filled = [_filled(dict(row), former.get(code), layout) for code, row in sheet.items.items()]
    rows = [*(relied_on[code] for code in taken_over), *filled]
    order = {code: number for number, code in enumerate((*relied_on, *sheet.items))}
    sections = dict.fromkeys(row["section"] for row in sorted(rows, key=lambda row: order[row["item"]]))
    return sorted(rows, key=lambda row: (list(sections).index(row["section"]), order[row["item"]])), taken_over


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where the items of the older package stand, for those of the spreadsheet that stand beside them."""

    #: The section by what the codes of its items begin with.
    sections: Mapping[str, str]
    #: The element of the document by section; none where a section's items stand at the top.
    groups: Mapping[str, str]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> _Layout:
        """Read it off these items."""
        rows = list(rows)
        return cls(
            sections={row["item"].partition("_")[0]: row["section"] for row in rows},
            groups={row["section"]: row["wire"].rpartition("/")[0].partition("/")[0] for row in rows if row["wire"]},
        )

    def place(self, item: str, section: str) -> str:
        """Return the wire path of an item that names none."""
        group = self.groups.get(section, _camel(section))
        prefix, _, rest = item.partition("_")
        named_after_it = rest and self.sections.get(prefix, prefix) == section
        return f"{group}/{_camel(rest if named_after_it else item)}" if group else _camel(item)


def _filled(row: Row, former: Row | None, layout: _Layout) -> Row:
    """Fill what a spreadsheet leaves open: from the older package where it has the item, or with what asks the least."""
    if former is not None and row["type"] == former["type"]:
        row = {column: row[column] or former[column] for column in COLUMNS}
    prefix = row["item"].partition("_")[0]
    row["section"] = row["section"] or layout.sections.get(prefix, prefix)
    row["required"] = {"y": "yes", "n": "no", "": "no"}.get(row["required"].lower(), row["required"].lower())
    if row["required_when"] and row["required"] != "when":
        row["required"] = "when"
    row["consent"] = row["consent"] or "full"
    row["sensitive"] = row["sensitive"] or "no"
    row["cites"] = _SHEET
    row["wire"] = row["wire"] or layout.place(row["item"], row["section"])
    return row


def _codes(sheet: SheetItems, base: Spec, rows: Iterable[Row]) -> dict[str, dict[str, str]]:
    """Return every list that an item names: the spreadsheet's, or the older package's."""
    found: dict[str, dict[str, str]] = {}
    for name in dict.fromkeys(row["codes"] for row in rows if row["codes"]):
        known = {value: code.label for value, code in base.codes.get(name, {}).items()}
        found[name] = dict(sheet.codes.get(name, known))
    return found


def _code_rows(codes: Mapping[str, Mapping[str, str]], base: Spec) -> list[Row]:
    def day(value: date | None) -> str:
        return value.isoformat() if value else ""

    rows = []
    for name, values in codes.items():
        for value, label in values.items():
            former = base.codes.get(name, {}).get(value)
            valid = (day(former.valid_from), day(former.valid_to)) if former else ("", "")
            rows.append(dict(zip(_CODE_COLUMNS, (name, value, label, *valid), strict=True)))
    return rows


def _instruments(rows: Iterable[Row], base: Spec) -> tuple[str, ...]:
    named = dict.fromkeys(code.strip() for row in rows for code in row["instrument"].split(";") if code.strip())
    return tuple(named) or tuple(base.instruments)


def _instrument(base: Spec, code: str, rows: Sequence[Row]) -> str:
    """Write one form: the sections of its items, in their order."""
    former = base.instruments.get(code)
    own = [row for row in rows if not row["instrument"] or code in row["instrument"].split(";")]
    titles = {section.code: section.title for form in base.instruments.values() for section in form.sections}
    items = {row["item"] for row in own}
    lines = [
        "[[instrument]]",
        f"code  = {_toml(code)}",
        f"title = {_toml(former.title if former else code)}",
        f"age   = {_toml(_age(former.age) if former else '0-20')}",
    ]
    for section in dict.fromkeys(row["section"] for row in own):
        lines += ["", "[[instrument.section]]", f"code    = {_toml(section)}"]
        lines.append(f"title   = {_toml(titles.get(section, section))}")
        if f"{section}_COMMENT" in items:
            lines.append(f"comment = {_toml(f'{section}_COMMENT')}")
    return "\n".join(lines) + "\n"


def _age(age: AgeRange) -> str:
    youngest, oldest = ("" if years is None else str(years) for years in (age.youngest, age.oldest))
    return f"{youngest}-{oldest}"


def _package(base: Spec, version: str, today: date, source: str, namespace: str) -> str:
    full = ", ".join(_toml(value) for value in sorted(base.consent_full))
    return f"""\
# A draft made from a spreadsheet: it judges only where somebody names it, and its documents stay in rehearsals.
version    = {_toml(version)}
title      = {_toml(f"Draft {version}")}
publisher  = "made with ecas spec new"
status     = "draft"
in_force   = {today.isoformat()}
supersedes = {_toml(base.version)}
source     = {_toml(source)}

[wire]
root      = {_toml(base.wire.root)}
namespace = {_toml(namespace)}

[consent]
item = {_toml(base.consent_item)}
full = [{full}]
"""


def _requirements(base: Spec, rows: Iterable[Row], source: str) -> str:
    """Keep the sentences that what was copied cites; the spreadsheet itself is one more."""
    policy = base.certification
    cited = {cite for row in rows for cite in row["cites"].split(";")}
    cited |= {cite for standing in policy.standings.values() for cite in standing.cites}
    cited |= set(policy.refused_twice.cites)
    cited |= {cite for waiver in policy.waivers for cite in waiver.cites}
    kept = [row for row in _read(base, "requirements.csv") if row["id"] in cited]
    own = dict.fromkeys(kept[0] if kept else ("id", "text", "strength", "cites", "not_checked_because"), "")
    own |= {"id": _SHEET, "text": "The data dictionary SHALL be that of the spreadsheet.", "strength": "SHALL"}
    return _csv(tuple(own), [*kept, {**own, "cites": source}])


def _notes(version: str, base: Spec, source: str, taken_over: Sequence[str]) -> str:
    listed = "\n".join(f"- `{code}`" for code in taken_over) or "- none"
    return f"""\
# {version}

A first draft, made by `ecas spec new` from {source}. What a spreadsheet of items does not say was taken from {base.version}: the
certification policy, the desks, the transport, and these items, without which ecas-bridge cannot work:

{listed}

To do by hand: the rules, each with its cases (`rules/`); examples, accepted and rejected (`examples/`); the state's own `wire.xsd`; the transport;
the real date in `package.toml`. Then `ecas spec seal` and `ecas spec verify`.
"""


def _read(base: Spec, name: str) -> list[Row]:
    return list(csv.DictReader(io.StringIO((base.directory / name).read_text("utf-8"), newline="")))


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _camel(code: str) -> str:
    return "".join(part.capitalize() for part in code.split("_"))
