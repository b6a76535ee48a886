"""The worker's word, once an hour, about deadlines that are past or will be missed."""

from __future__ import annotations

import structlog

from service.deadlines import days_left
from service.outlook import DAYS, QUICK, Outlook
from service.telemetry import Ours

_log = structlog.get_logger()


def look_at_deadlines(outlook: Outlook) -> None:
    """Warn where the forecast says that deadlines of the next days will be missed; of a long queue the most urgent part.

    Raises:
        ConfigurationError: a calendar cannot be read.
    """
    prediction, now = outlook.predict(limit=QUICK), outlook.clock()
    lost = sorted(due_on for due_on in prediction.due.values() if days_left(due_on, now) <= DAYS)
    if lost:
        closed_by = outlook.closed_by(outlook.pulse())
        road = (
            f"the road is closed ({closed_by})" if closed_by else f"it takes {prediction.rate.per_second:.3g} a second"
        )
        _log.warning(
            "deadlines will be missed",
            count=len(lost),
            days=days_left(lost[0], now),
            why=Ours(f"{road}; “ecas deadlines --every-agency” lists them"),
        )
