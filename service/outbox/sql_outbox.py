"""The outbox on SQLAlchemy Core: one state machine over two tables, lanes and submissions.

A lane's ``due_at`` is retry time and lease expiry at once, so that recovery from a crash is the same code as a retry. Its
``fence`` grows with every claim; whoever settles with an old fence changes nothing. The order within a lane is the
order of ``submission.seq``, which is given under the lane's lock.
"""

from __future__ import annotations

from service.outbox.asking import Asking
from service.outbox.backlog import Backlog
from service.outbox.correcting import Correcting
from service.outbox.crowd import Crowds
from service.outbox.destinations import Destinations
from service.outbox.handing_off import HandingOff
from service.outbox.holding import Holding
from service.outbox.leasing import Leasing
from service.outbox.part_two_lines import PartTwoLines
from service.outbox.polling import Polling
from service.outbox.quarantines import Quarantines
from service.outbox.receiving import Receiving
from service.outbox.scopes import Scopes
from service.outbox.withdrawn_list import WithdrawnList


class SqlOutbox(
    Correcting,
    Scopes,
    HandingOff,
    Quarantines,
    Leasing,
    Receiving,
    Polling,
    Holding,
    Destinations,
    Backlog,
    Asking,
    Crowds,
    PartTwoLines,
    WithdrawnList,
):
    """The ``Outbox`` on SQLite: write down, take out, poll, pause, ask."""
