"""What standing a certification key has: one table, asked of the validators, of ``ecas keys check`` and of the API.

Each case is a sentence, the lines of a roster, what is asked, and the standing. Unless told otherwise Tove Maren's key is
asked about: certified on 10 January 2025, at riverbend, used there as ``MAREN, TOVE`` on 20 May 2026 under the package.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from specs.catalog import PACKAGES
from specs.seal import seal
from validators.certification import Standing
from validators.roster import COLUMNS

KEY: Final = "AB-1234"
ON: Final = "2026-05-20"
AGENCY: Final = "riverbend"
NAME: Final = "MAREN, TOVE"

S = Standing
Line = Mapping[str, str]


class Case(NamedTuple):
    """One row of the table."""

    says: str
    lines: list[Line]
    #: Of ``key``, ``name``, ``agency``, ``on``, and of the policy ``waivers`` and ``years``: what differs.
    asked: Mapping[str, Any]
    held: S

    @property
    def policy(self) -> tuple[tuple[tuple[str, str | None], ...] | None, int | None]:
        """The suspensions (None: the package's own) and the years of validity that this case is judged by."""
        waivers = self.asked.get("waivers")
        return (None if waivers is None else tuple(waivers)), self.asked.get("years", 2)


def line(**cells: str) -> Line:
    """Return a line of the roster: Tove Maren's."""
    usual = {"key": KEY, "last_name": "Maren", "first_name": "Tove", "agencies": AGENCY, "state": "MA"}
    return {**usual, "certified_on": "2025-01-10", **cells}


def at_other(**cells: str) -> Line:
    """Return a line of another person at another agency under the same key."""
    return line(**{"last_name": "Okafor", "first_name": "Ifeoma", "agencies": "hillside", **cells})


def second(**cells: str) -> Line:
    """Return a line of Tove Maren under a second key, certified a year later."""
    return line(**{"key": "CD-5678", "certified_on": "2026-01-10", **cells})


def roster_csv(lines: list[Line]) -> bytes:
    """Return the lines as a roster file."""
    rows = [",".join(COLUMNS), *(",".join(f'"{cells.get(column, "")}"' for column in COLUMNS) for cells in lines)]
    return "\n".join(rows).encode()


def dated_package(folder: Path, waivers: Sequence[tuple[str, str | None]] | None, years: int | None) -> Path:
    """Copy our package to a folder, with these suspensions (None: its own) and this validity, and seal it."""
    shutil.copytree(PACKAGES / "2026.1", folder)
    file = folder / "certification.toml"
    policy = file.read_text("utf-8")
    if years is None:
        policy = re.sub(r"(?m)^validity_years.*\n", "", policy)
    if waivers is not None:
        spans = "".join(
            f"[[waiver]]\nbegins = {begins}\n{f'ends = {ends}' if ends else ''}\ncites = ['our assumption']\n"
            for begins, ends in waivers
        )
        policy = re.sub(r"\[\[waiver\]\]\n.*\n.*\n", "", policy)
        policy = policy.replace("[standings.valid]", f"{spans}[standings.valid]")
    file.write_text(policy, "utf-8")
    seal(folder)
    return folder


WAIVED: Final = "2020-03-01"
OLD: Final = {"certified_on": "2018-06-01"}  # good to 2020-06-01: current when the waiver began
LAPSED: Final = {"certified_on": "2018-02-28"}  # good to 2020-02-28: lapsed the day before
OKAFOR: Final = {"last_name": "Okafor", "first_name": "Ifeoma"}
ASKS_SECOND: Final = {"key": "CD-5678"}

_ROWS = [
    # the key
    ("a mail address is no key", [line()], {"key": "tove@example.org"}, S.MALFORMED),
    ("a mark in the place of a key is no key", [line()], {"key": "n/a"}, S.MALFORMED),
    ("a key of one sign is no key", [line()], {"key": "#"}, S.MALFORMED),
    ("two words are no key", [line()], {"key": "AB 1234"}, S.MALFORMED),
    ("a key in full-width letters is no key", [line()], {"key": "\uff21\uff22-1234"}, S.MALFORMED),
    ("a malformed key is malformed even where the roster has it", [line(key="A/B")], {"key": "A/B"}, S.MALFORMED),
    ("a malformed key is malformed whoever uses it", [line()], {"key": "??", "name": "OKAFOR, IFEOMA"}, S.MALFORMED),
    ("a key that is not on the roster", [line()], {"key": "ZZ-9999"}, S.UNKNOWN),
    ("a key in other case is another key", [line()], {"key": "ab-1234"}, S.UNKNOWN),
    ("a key that begins like one of the roster", [line()], {"key": "AB-12345"}, S.UNKNOWN),
    ("any key against an empty roster", [], {}, S.UNKNOWN),
    ("a key on the roster", [line()], {}, S.VALID),
    # the agency
    ("an assessor of another agency is unknown here", [line(agencies="hillside")], {}, S.UNKNOWN),
    ("an assessor of two agencies is known at the one", [line(agencies="riverbend;hillside")], {}, S.VALID),
    ("an assessor of two agencies is known at the other", [line(agencies="riverbend; hillside")], {"agency": "hillside"}, S.VALID),
    ("an assessor of no named agency is known anywhere", [line(agencies="")], {"agency": "elsewhere"}, S.VALID),
    ("nobody asks for the agency, so all lines count", [line(agencies="hillside")], {"agency": None}, S.VALID),
    ("one key at two agencies on two lines is one person", [line(), line(agencies="hillside")], {"agency": "hillside"}, S.VALID),
    ("another agency's archived line is not told here", [line(agencies="hillside", status="archived")], {}, S.UNKNOWN),
    ("another agency's expired line is not told here", [line(agencies="hillside", **LAPSED)], {}, S.UNKNOWN),
    # conflict
    ("one key under two persons", [line(), line(**OKAFOR)], {}, S.CONFLICT),
    ("one key under two persons, asked by the second", [line(), line(**OKAFOR)], {"name": "OKAFOR, IFEOMA"}, S.CONFLICT),
    ("one key under two persons at two agencies is told to the one", [line(), at_other()], {}, S.CONFLICT),
    ("one key under two persons at two agencies is told to the other",
     [line(), at_other()], {"agency": "hillside", "name": "OKAFOR, IFEOMA"}, S.CONFLICT),
    ("a conflict is settled where one line is archived", [line(), at_other(status="archived")], {}, S.VALID),
    ("the archived side of a settled conflict is archived",
     [line(), at_other(status="archived")], {"agency": "hillside", "name": "OKAFOR, IFEOMA"}, S.ARCHIVED),
    ("one key under old and new name of one person is no conflict",
     [line(former_names="Dahl"), line(last_name="Dahl", agencies="hillside")], {}, S.VALID),
    ("a key used under a name that shares nothing with its owner's", [line()], {"name": "OKAFOR, IFEOMA"}, S.CONFLICT),
    ("a key used under the name of a colleague who has one of her own",
     [line(), line(key="EF-9012", last_name="Maren", first_name="Signe")], {"name": "MAREN, SIGNE"}, S.CONFLICT),
    ("a colleague at another agency does not count", [line(), line(key="EF-9012", first_name="Signe", agencies="hillside")],
     {"name": "MAREN, SIGNE"}, S.AWAITING_NAME_CHANGE),
    ("a colleague whose key is archived does not count", [line(), line(key="EF-9012", first_name="Signe", status="archived")],
     {"name": "MAREN, SIGNE"}, S.AWAITING_NAME_CHANGE),
    ("two lines of one person with and without a middle initial", [line(first_name="Tove K."), line()], {}, S.VALID),
    ("father and son on one key", [line(last_name="Maren Sr."), line(last_name="Maren Jr.")], {}, S.CONFLICT),
    ("a conflict is a conflict before anyone was certified", [line(), line(**OKAFOR)], {"on": "2024-01-01"}, S.CONFLICT),
    # archived
    ("an archived key", [line(status="archived")], {}, S.ARCHIVED),
    ("an archived key is archived whoever uses it", [line(status="Archived")], {"name": "OKAFOR, IFEOMA"}, S.ARCHIVED),
    ("an archived key is archived though it has expired", [line(status="archived", **LAPSED)], {}, S.ARCHIVED),
    ("an archived key is archived though it was never approved", [line(status="archived", state="NH")], {}, S.ARCHIVED),
    ("a key archived on one line and in use on another is in use", [line(status="archived"), line()], {}, S.VALID),
    # not yet certified
    ("certified the day after the assessment", [line()], {"on": "2025-01-09"}, S.NOT_YET_CERTIFIED),
    ("certified on the day of the assessment", [line()], {"on": "2025-01-10"}, S.VALID),
    ("certified the day before", [line()], {"on": "2025-01-11"}, S.VALID),
    ("certified since, for an assessment of long before", [line()], {"on": "2021-05-20"}, S.NOT_YET_CERTIFIED),
    ("issued is the next best date where certified is unknown", [line(certified_on="", issued_on="2025-01-10")], {"on": "2025-01-09"}, S.NOT_YET_CERTIFIED),
    ("issued later than certified does not matter", [line(issued_on="2025-03-01")], {"on": "2025-01-10"}, S.VALID),
    ("the beginning is reckoned back from the expiry where nothing else is known",
     [line(certified_on="", expires_on="2027-01-10")], {"on": "2025-01-09"}, S.NOT_YET_CERTIFIED),
    ("reckoned back, the first day is good", [line(certified_on="", expires_on="2027-01-10")], {"on": "2025-01-10"}, S.VALID),
    ("not yet certified blocks although approval is awaited too", [line(state="NH")], {"on": "2025-01-09"}, S.NOT_YET_CERTIFIED),
    ("not yet certified blocks although the name has changed too",
     [line()], {"on": "2025-01-09", "name": "DAHL, TOVE"}, S.NOT_YET_CERTIFIED),
    ("the waiver never helps who was not yet certified", [line(certified_on="2021-09-01")], {"on": "2021-08-31"}, S.NOT_YET_CERTIFIED),
    ("a line with no date at all says nothing", [line(certified_on="")], {}, S.COULD_NOT_CHECK),
    # validity and expiry
    ("the last day of two years", [line()], {"on": "2027-01-10", "waivers": ()}, S.VALID),
    ("the day after two years", [line()], {"on": "2027-01-11", "waivers": ()}, S.EXPIRED),
    ("the roster's own expiry counts, on its day", [line(expires_on="2025-06-30")], {"on": "2025-06-30", "waivers": ()}, S.VALID),
    ("the roster's own expiry counts, the day after", [line(expires_on="2025-06-30")], {"on": "2025-07-01", "waivers": ()}, S.EXPIRED),
    ("an expiry in 9999 is never", [line(expires_on="9999-12-31")], {"waivers": ()}, S.VALID),
    ("certified on 29 February, good to 28 February", [line(certified_on="2024-02-29")], {"on": "2026-02-28", "waivers": ()}, S.VALID),
    ("certified on 29 February, over on 1 March", [line(certified_on="2024-02-29")], {"on": "2026-03-01", "waivers": ()}, S.EXPIRED),
    ("where the package knows no validity a certificate never ends", [line(certified_on="2009-01-10")], {"years": None}, S.VALID),
    ("without a validity an expiry in the roster still ends it",
     [line(expires_on="2025-06-30")], {"years": None, "on": "2025-07-01", "waivers": ()}, S.EXPIRED),
    ("without a validity, an expiry alone says nothing of the beginning",
     [line(certified_on="", expires_on="2030-01-01")], {"years": None}, S.COULD_NOT_CHECK),
    ("a renewed certificate on a second line is good", [line(certified_on="2022-01-10"), line()], {"waivers": ()}, S.VALID),
    ("between an old and a renewed certificate there is a gap",
     [line(), line(certified_on="2022-01-10")], {"on": "2024-06-01", "waivers": ()}, S.EXPIRED),
    ("before the first of two certificates", [line(), line(certified_on="2022-01-10")], {"on": "2021-01-01"}, S.NOT_YET_CERTIFIED),
    # the waiver
    ("current when the waiver began, expired since", [line(**OLD)], {}, S.VALID_RECERTIFICATION_WAIVED),
    ("current when the waiver began, and still in its two years", [line(**OLD)], {"on": "2020-06-01"}, S.VALID),
    ("current when the waiver began, the day after its two years", [line(**OLD)], {"on": "2020-06-02"}, S.VALID_RECERTIFICATION_WAIVED),
    ("its last day is the day the waiver began", [line(certified_on="2018-03-01")], {}, S.VALID_RECERTIFICATION_WAIVED),
    ("lapsed the day before the waiver began", [line(**LAPSED)], {}, S.EXPIRED),
    ("earned during the waiver, expired since", [line(certified_on="2021-09-01")], {}, S.VALID_RECERTIFICATION_WAIVED),
    ("earned on the first day of the waiver", [line(certified_on=WAIVED)], {}, S.VALID_RECERTIFICATION_WAIVED),
    ("lapsed before the waiver, earned again during it",
     [line(**LAPSED), line(certified_on="2021-09-01")], {}, S.VALID_RECERTIFICATION_WAIVED),
    ("assessed before the waiver began, expired then", [line(certified_on="2017-06-01")], {"on": "2020-02-29"}, S.EXPIRED),
    ("assessed on the waiver's last day", [line(**OLD)], {"waivers": [(WAIVED, "2026-05-20")]}, S.VALID_RECERTIFICATION_WAIVED),
    ("assessed after the waiver ended", [line(**OLD)], {"waivers": [(WAIVED, "2026-05-19")]}, S.EXPIRED),
    ("earned after the waiver ended, and expired", [line(certified_on="2023-01-01")], {"waivers": [(WAIVED, "2022-12-31")]}, S.EXPIRED),
    ("a second waiver helps where the first has ended",
     [line()], {"on": "2028-05-20", "waivers": [(WAIVED, "2022-12-31"), ("2026-07-01", None)]}, S.VALID_RECERTIFICATION_WAIVED),
    ("what lapsed between two waivers is not helped by the second",
     [line(certified_on="2021-09-01")], {"waivers": [(WAIVED, "2022-12-31"), ("2025-07-01", None)]}, S.EXPIRED),
    ("a waiver that is prolonged the day after goes on",
     [line(**OLD)], {"waivers": [(WAIVED, "2022-12-31"), ("2023-01-01", None)]}, S.VALID_RECERTIFICATION_WAIVED),
    ("a waiver that is prolonged one day late has lapsed",
     [line(**OLD)], {"waivers": [(WAIVED, "2022-12-31"), ("2023-01-02", None)]}, S.EXPIRED),
    ("without a waiver nothing is waived", [line(**OLD)], {"waivers": ()}, S.EXPIRED),
    ("the waiver keeps the roster's own expiry too", [line(expires_on="2025-06-30")], {}, S.VALID_RECERTIFICATION_WAIVED),
    # out of state
    ("out of state and never approved", [line(state="NH")], {}, S.AWAITING_APPROVAL),
    ("out of state and approved before certification", [line(state="NH", approved_on="2024-12-01")], {}, S.VALID),
    ("approved only after the assessment: nobody was certified before that",
     [line(state="NH", approved_on="2026-06-01")], {}, S.NOT_YET_CERTIFIED),
    ("approved on the day of the assessment", [line(state="NH", approved_on="2026-05-20")], {}, S.VALID),
    ("out of state, not approved and not certified", [line(state="RI", certified_on="")], {}, S.AWAITING_APPROVAL),
    ("out of state, not approved, and expired", [line(state="RI", **LAPSED)], {}, S.AWAITING_APPROVAL),
    ("out of state, approved, and waived", [line(state="CT", approved_on="2018-05-01", **OLD)], {}, S.VALID_RECERTIFICATION_WAIVED),
    ("out of state, approved, and under a new name", [line(state="CT", approved_on="2024-05-01")], {"name": "DAHL, TOVE"}, S.AWAITING_NAME_CHANGE),
    ("Massachusetts written out", [line(state="Massachusetts")], {}, S.VALID),
    ("Massachusetts in small letters", [line(state="ma")], {}, S.VALID),
    ("no state is Massachusetts", [line(state="")], {}, S.VALID),
    ("the roster says that approval is awaited", [line(status="awaiting-approval")], {}, S.AWAITING_APPROVAL),
    ("the roster said so before the approval came",
     [line(status="awaiting_approval", approved_on="2024-12-01")], {}, S.VALID),
    # names
    ("the name in other case", [line()], {"name": "maren, tove"}, S.VALID),
    ("the name with an accent that the roster lacks", [line()], {"name": "MÅREN, TOVÉ"}, S.VALID),
    ("a new last name", [line()], {"name": "DAHL, TOVE"}, S.AWAITING_NAME_CHANGE),
    ("a new first name", [line()], {"name": "MAREN, ANNE"}, S.AWAITING_NAME_CHANGE),
    ("a double name after a marriage", [line()], {"name": "MAREN-DAHL, TOVE"}, S.AWAITING_NAME_CHANGE),
    ("half of a double name after a divorce", [line(last_name="Maren-Dahl")], {}, S.AWAITING_NAME_CHANGE),
    ("the former name", [line(former_names="Dahl")], {"name": "DAHL, TOVE"}, S.AWAITING_NAME_CHANGE),
    ("a former name written in full", [line(former_names="Berg, Anna; Dahl, Eva")], {"name": "DAHL, EVA"}, S.AWAITING_NAME_CHANGE),
    ("the former name, on its last day", [line(former_names="Dahl until 2026-05-20")], {"name": "DAHL, TOVE"}, S.VALID),
    ("the former name, the day after its last",
     [line(former_names="Dahl until 2026-05-19")], {"name": "DAHL, TOVE"}, S.AWAITING_NAME_CHANGE),
    ("a former name in full, while it was in use",
     [line(former_names="Berg, Anna until 2025-02-01; Dahl, Eva until 2026-12-31")], {"name": "DAHL, EVA"}, S.VALID),
    ("the present name, before the change", [line(former_names="Dahl until 2026-12-31")], {}, S.VALID),
    ("a former name is the person's though a colleague bears it now",
     [line(former_names="Dahl"), line(key="EF-9012", last_name="Dahl", first_name="Tove B.")],
     {"name": "DAHL, TOVE"}, S.AWAITING_NAME_CHANGE),
    ("the roster says that the change is not confirmed", [line(status="awaiting name change")], {}, S.AWAITING_NAME_CHANGE),
    ("the name has changed, and the certificate is past but waived", [line(**OLD)], {"name": "DAHL, TOVE"}, S.AWAITING_NAME_CHANGE),
    ("the name has changed, and the certificate has expired", [line(**LAPSED)], {"name": "DAHL, TOVE"}, S.EXPIRED),
    ("a suffix on one side", [line(last_name="Maren Jr.")], {}, S.VALID),
    ("the son uses the father's key", [line(last_name="Maren Sr.")], {"name": "MAREN JR., TOVE"}, S.AWAITING_NAME_CHANGE),
    ("a middle initial on one side", [line()], {"name": "MAREN, TOVE K."}, S.VALID),
    ("another middle initial", [line(first_name="Tove B.")], {"name": "MAREN, TOVE K."}, S.AWAITING_NAME_CHANGE),
    # duplicate
    ("two keys of one person, asked by the first", [line(), second()], {}, S.DUPLICATE),
    ("two keys of one person, asked by the second", [line(), second()], ASKS_SECOND, S.DUPLICATE),
    ("before the second was certified there was no duplicate", [line(), second()], {"on": "2025-12-31"}, S.VALID),
    ("on the day the second was certified there is one", [line(), second()], {"on": "2026-01-10"}, S.DUPLICATE),
    ("the second is archived: no duplicate any more", [line(), second(status="archived")], {}, S.VALID),
    ("the archived one of two is archived", [line(), second(status="archived")], ASKS_SECOND, S.ARCHIVED),
    ("a second key under the former name", [line(former_names="Dahl"), second(last_name="Dahl")], {}, S.DUPLICATE),
    ("a second key under the former name, asked by it",
     [line(former_names="Dahl"), second(last_name="Dahl")], {"name": "DAHL, TOVE", **ASKS_SECOND}, S.DUPLICATE),
    ("a second key of the same name at another agency proves nothing", [line(), second(agencies="hillside")], {}, S.VALID),
    ("both at two agencies, one of them in common", [line(), second(agencies="hillside;riverbend")], {}, S.DUPLICATE),
    ("nobody asks for the agency: both keys are seen", [line(), second(agencies="hillside")], {"agency": None}, S.DUPLICATE),
    ("two persons told apart by a middle initial", [line(first_name="Tove K."), second(first_name="Tove B.")], {}, S.VALID),
    ("father and son with a key each", [line(last_name="Maren Sr."), second(last_name="Maren Jr.")], {}, S.VALID),
    ("the expired one of two blocks", [line(**LAPSED), second()], {}, S.EXPIRED),
    ("the good one of two still has a duplicate", [line(**LAPSED), second()], ASKS_SECOND, S.DUPLICATE),
    ("a second account with no date counts", [line(), second(certified_on="")], {}, S.DUPLICATE),
    ("a second account that awaits approval counts", [line(), second(state="NH")], {}, S.DUPLICATE),
    ("a name change is told before a duplicate", [line(), second()], {"name": "DAHL, TOVE"}, S.AWAITING_NAME_CHANGE),
    ("a duplicate is told before a waiver", [line(**OLD), second()], {}, S.DUPLICATE),
    ("two lines of one key are no duplicate", [line(certified_on="2022-01-10"), line()], {}, S.VALID),
]  # fmt: skip

CASES: Final = [Case(*row) for row in _ROWS]
