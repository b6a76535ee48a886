"""What can go wrong that is not a fault of the data; wrong data becomes a finding instead.

EcasBridgeError
├─ ConfigurationError       the deployment is wrong; nothing will work until it is mended
│   ├─ SpecDefect           a specification package is broken; it judges nothing until it is mended
│   └─ InterlockClosed      a provisional document was about to leave loopback for a peer that is no sandbox
├─ NoSpecInForce            no published specification covers this date
├─ IllegalMove              a submission cannot go from here to there
├─ LostLease                another worker took the lane over; this one must not record anything
├─ Erased                   the record is no more: its data key was destroyed
├─ UnfitDocument            the package's own schema refuses the document that we built
└─ GatewayError
    ├─ NotReceived          the state never got it; safe to send again
    ├─ Unwelcome            the state, or the way there, refuses us and never got it; a person must mend that
    └─ MaybeReceived        sent, but no answer; ask before sending again
"""

from __future__ import annotations

from typing import ClassVar


class EcasBridgeError(Exception):
    """Something in the program, the deployment or the network is wrong."""

    #: The exit code of the command line when nothing better is known.
    exit_code: ClassVar[int] = 4

    def __init__(self, message: str = "") -> None:
        """Take the class's own sentence where no better one is given; never put a value of a record in it."""
        super().__init__(message or (self.__doc__ or "").splitlines()[0])


class ConfigurationError(EcasBridgeError):
    """The deployment is wrong; nothing will work until it is mended."""

    exit_code = 2


class SpecDefect(ConfigurationError):
    """A specification package is broken; it judges nothing until it is mended."""

    def __init__(self, message: str = "", *, defects: tuple[str, ...] = ()) -> None:
        """List every defect as ``file:line: sentence`` beside the summary."""
        super().__init__("\n".join(filter(None, (message, *defects))))
        self.defects = defects


class InterlockClosed(ConfigurationError):
    """A provisional or draft document may go only to loopback or to a peer that declares itself a sandbox."""


class NoSpecInForce(EcasBridgeError):
    """No published specification covers this date."""

    exit_code = 3


class IllegalMove(EcasBridgeError):
    """A submission cannot go from here to there."""


class LostLease(EcasBridgeError):
    """Another worker took the lane over; this one must not record anything."""


class Erased(EcasBridgeError):
    """The record is no more: it was erased, and nobody can read it again."""

    exit_code = 1


class UnfitDocument(EcasBridgeError):
    """The package's own schema refuses the document that we built."""

    def __init__(self, message: str = "", *, items: tuple[str, ...] = (), reasons: tuple[str, ...] = ()) -> None:
        """Name the items concerned and the schema's stable error codes, never the values."""
        super().__init__(message)
        self.items = items
        self.reasons = reasons


class GatewayError(EcasBridgeError):
    """The talk with the state went wrong."""


class NotReceived(GatewayError):
    """The state never got it; safe to send again."""


class Unwelcome(GatewayError):
    """The state, or the way there, refuses us and never got it; a person must mend that."""


class MaybeReceived(GatewayError):
    """Sent, but no answer; ask before sending again."""
