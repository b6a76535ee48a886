"""A standing as plain data: the same from the command line and from the API."""

from __future__ import annotations

from typing import Any

from service.reports.json_report import desk_data
from specs.spec import Spec
from validators.certification import Standing


def standing_data(held: Standing, spec: Spec) -> dict[str, Any]:
    """Return the standing, what follows from it, whom to ask, and why it matters."""
    policy = spec.certification.standings[held]
    return {
        "standing": held.value,
        "action": policy.action,
        "desk": desk_data(next(iter(spec.desks_for(policy)), None)),
        "why": policy.why,
    }
