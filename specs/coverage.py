"""Whether every sentence of the specification is checked by something, or excused in writing."""

from __future__ import annotations

from specs.spec import Requirement, Spec


def uncovered(spec: Spec) -> tuple[Requirement, ...]:
    """Return each SHALL that no item, rule, standing or waiver cites and that no reason excuses, in the file's order."""
    citing = (
        *(item.cites for item in spec.items.values()),
        *(due.cites for instrument in spec.instruments.values() for due in instrument.due),
        *(rule.cites for rule in spec.rules),
        *(standing.cites for standing in spec.certification.standings.values()),
        *(waiver.cites for waiver in spec.certification.waivers),
    )
    cited = {cite for cites in citing for cite in cites}
    return tuple(
        requirement
        for requirement in spec.requirements.values()
        if requirement.strength == "SHALL" and requirement.id not in cited and not requirement.not_checked_because
    )
