"""Two packages side by side."""

from __future__ import annotations

from service.changes.difference import Difference
from service.changes.of_items import code_differences, item_differences
from service.changes.of_judging import (
    certification_differences,
    desk_differences,
    instrument_differences,
    rule_differences,
)
from service.changes.of_sending import package_differences, transport_differences, wire_differences
from specs.spec import Spec


def differences(old: Spec, new: Spec) -> tuple[Difference, ...]:
    """Return everything that differs, in the order in which an EHR team asks."""
    return (
        *package_differences(old, new),
        *instrument_differences(old, new),
        *item_differences(old, new),
        *code_differences(old, new),
        *rule_differences(old, new),
        *certification_differences(old, new),
        *wire_differences(old, new),
        *transport_differences(old, new),
        *desk_differences(old, new),
    )
