"""Room on the disk, asked for before a payload is read: what is refused here left nothing behind."""

from __future__ import annotations

from starlette.requests import Request

from service.api.problems import DISK_FULL, Refusal
from service.quickly import quickly


async def see_disk(request: Request) -> None:
    """See that a payload may be taken in; asking, validating and giving up need no room.

    Raises:
        Refusal: less is free than the floor.
    """
    space = request.app.state.space
    # A thread only where it may have to wait: a hop to one costs more than all else that is done here.
    if not (space.enough() if space.fresh else await quickly(space.enough)):
        raise Refusal(DISK_FULL)
