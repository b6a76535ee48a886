"""Programmes that somebody asks for: the codes that a package knows, and no other word."""

from __future__ import annotations

from typing import Final

from specs.catalog import Catalog

_ITEM: Final = "SERVICE"
#: No programme is called so.
_NONE: Final = "-"


def asked_for(catalog: Catalog, programme: str | None) -> str | None:
    """Return the programme to look for; what no package knows finds nothing, and does not travel to the database.

    A caller may write anything there, and a database may log what it was asked.
    """
    return programme if not programme or programme in _known(catalog) else _NONE


def _known(catalog: Catalog) -> set[str]:
    specs = [catalog.named(summary.version) for summary in catalog.versions()]
    lists = [spec.codes.get(spec.items[_ITEM].codes or "", {}) for spec in specs if _ITEM in spec.items]
    return {code for codes in lists for code in codes}
