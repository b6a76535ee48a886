"""A result as data, for programs."""

from __future__ import annotations

import json
from typing import Any

from canonical.version import __version__
from service.reconciling.match import Category, Match
from service.reconciling.period import Period
from service.reconciling.remark import Place, Remark
from service.reconciling.result import FileRead, Result


def write(result: Result) -> str:
    """Return all of it; every record and every submission that is about somebody's matter is in one of the matches."""
    told = {
        "ecas_bridge": __version__,
        "agency": result.agency,
        "reconciled": not result.open and any(file.read for file in result.files),
        "periods": [_period(span) for span in result.coverage.spans],
        "gaps": [_period(gap) for gap in result.coverage.gaps],
        "files": [_file(file) for file in result.files],
        "records": {
            "compared": result.rows.total(),
            "not_compared": result.not_compared,
            **{category.value: result.rows[category] for category in Category},
        },
        "submissions": {
            "looked_at": result.submissions,
            "not_compared": len(result.left),
            "outside": result.outside,
            "undecided": result.undecided,
            **{category.value: result.ours[category] for category in Category},
        },
        "remarks": [_remark(remark) for remark in result.remarks],
        "submissions_not_compared": [
            {"id": one.ours.id, "state": one.ours.state, "because": one.lacks or "erased"} for one in result.left
        ],
        "matches": [_match(match) for match in result.matches],
    }
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _period(period: Period) -> dict[str, str]:
    return {"from": period.first.isoformat(), "until": period.last.isoformat()}


def _file(file: FileRead) -> dict[str, Any]:
    return {
        "file": file.name,
        "period": None if file.period is None else _period(file.period),
        "stated": file.stated,
        "read": file.read,
        "compared": file.compared,
        "not_compared": file.not_compared,
    }


def _remark(remark: Remark) -> dict[str, Any]:
    place = {} if remark.place is None else _place(remark.place)
    return {"fault": remark.fault, **place, "about": remark.about or None}


def _place(place: Place) -> dict[str, Any]:
    return {"file": place.file, "line": place.line, "label": place.label or None}


def _match(match: Match) -> dict[str, Any]:
    return {
        "category": match.category,
        "records": [{**_place(row.place), "repeats": row.repeats} for row in match.rows],
        "submissions": [{"id": one.id, "state": one.state, "where": one.where} for one in match.ours],
        "differs": list(match.differs),
    }
