"""certification.toml: how certification keys are judged, and the words for each standing."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

from canonical.finding import HoldCause
from specs.defects import Defects
from specs.folder import Folder
from specs.patterns import pattern_fault
from specs.requirements import citation_faults
from specs.spec import CertificationPolicy, Requirement, StandingPolicy, Waiver
from specs.toml_table import Table, read_toml

#: Every standing that a key can have.
STANDINGS: Final = (
    "valid",
    "valid_recertification_waived",
    "not_yet_certified",
    "expired",
    "unknown",
    "conflict",
    "malformed",
    "awaiting_name_change",
    "awaiting_approval",
    "archived",
    "duplicate",
    "could_not_check",
)
#: What can follow from a standing.
ACTIONS: Final = ("pass", "warn", "hold", "block")

_RULE: Final = re.compile(r"C\d{3}")


def read_certification(
    folder: Folder, requirements: Mapping[str, Requirement], desks: Collection[str], defects: Defects
) -> CertificationPolicy:
    """Read the certification policy."""
    with read_toml(folder, "certification.toml", defects) as file:
        key_pattern = file.text("key_pattern", default="") or None
        if key_pattern and (fault := pattern_fault(key_pattern)):
            file.refuse("key_pattern", fault)
        return CertificationPolicy(
            key_pattern=key_pattern,
            validity_years=file.integer("validity_years", least=1) if "validity_years" in file else None,
            waivers=tuple(_read_waiver(table, requirements) for table in file.tables("waiver")),
            name_change_business_days=file.integer("name_change_business_days"),
            standings=_read_standings(file, requirements, desks),
            refused_twice=_read_standing(file.table("refused_twice"), requirements, desks),
        )


def _read_waiver(table: Table, requirements: Mapping[str, Requirement]) -> Waiver:
    with table:
        waiver = Waiver(begins=table.day("begins"), ends=table.day_or_none("ends"), cites=table.texts("cites"))
    if waiver.ends and waiver.ends < waiver.begins:
        table.refuse("ends", "The waiver ends before it begins.")
    _check_cites(table, waiver.cites, requirements)
    return waiver


def _read_standings(
    file: Table, requirements: Mapping[str, Requirement], desks: Collection[str]
) -> Mapping[str, StandingPolicy]:
    with file.table("standings") as tables:
        standings = {
            standing: _read_standing(tables.table(standing), requirements, desks, two_keys=standing == "duplicate")
            for standing in STANDINGS
        }
    return MappingProxyType(standings)


def _read_standing(
    table: Table, requirements: Mapping[str, Requirement], desks: Collection[str], *, two_keys: bool = False
) -> StandingPolicy:
    """Read one standing; one that passes in silence has an action and nothing else."""
    with table:
        action = table.text("action", among=ACTIONS, noun=f"action ({', '.join(ACTIONS)})")
        if action not in ACTIONS:
            table.ignore_the_rest()
            return StandingPolicy(action=action)
        hold = table.choice("hold", HoldCause.COULD_NOT_CHECK) if action == "hold" else None
        if action == "pass" and "rule" not in table:
            return StandingPolicy(action=action)
        policy = StandingPolicy(
            action=action,
            rule=table.text("rule"),
            title=table.text("title"),
            message=table.text("message"),
            why=table.text("why"),
            fix=table.text("fix"),
            desk=table.text("desk", among=desks, noun="desk of desks.toml"),
            say=table.text("say", default=""),
            second_desk=table.text("second_desk", default="", among=desks, noun="desk of desks.toml"),
            second_say=table.text("second_say", default=""),
            keep=table.text("keep") if two_keys else "",
            archive=table.text("archive") if two_keys else "",
            cites=table.texts("cites"),
            hold=hold,
        )
    if policy.rule and not _RULE.fullmatch(policy.rule):
        table.refuse("rule", "The code of a certification finding is C and three digits.")
    _check_cites(table, policy.cites, requirements)
    return policy


def _check_cites(table: Table, cites: tuple[str, ...], requirements: Mapping[str, Requirement]) -> None:
    for fault in citation_faults(cites, requirements) if "cites" in table else ():
        table.refuse("cites", fault)
