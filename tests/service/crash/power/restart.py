"""The service after the power came back: does it open what was left, and is all there that had been promised."""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from power.places import settings
from power.trace import Mark
from sqlalchemy import Engine, RowMapping, select

from canonical.errors import IllegalMove
from canonical.submission import State, check_move
from service.clock import utc_now
from service.identifiers import new_id
from service.main import DESTINATION, Service, build_service
from service.outbox import schema as t
from service.outbox.engine import open_engine, reading
from service.outbox.sql_outbox import SqlOutbox
from service.vault import Vault, open_vault


@dataclass
class Promises:
    """What our own code had been told, or had asked for, before the cut."""

    agencies: list[str] = field(default_factory=list)
    #: How many submissions each payload has that anybody ever tried to write down.
    tried: dict[str, int] = field(default_factory=dict)
    puts: list[dict[str, Any]] = field(default_factory=list)
    claims: list[dict[str, Any]] = field(default_factory=list)
    settlements: list[dict[str, Any]] = field(default_factory=list)

    def hear(self, mark: Mark) -> None:
        """Take in one word of the recorded process."""
        if mark.what == "putting":
            self.tried[mark.told["payload"]] = mark.told["count"]
        elif mark.what == "agency":
            self.agencies.append(mark.told["id"])
        elif mark.what == "put":
            self.puts.append(mark.told)
        elif mark.what == "claimed":
            self.claims.append(mark.told)
        else:
            self.settlements.append(mark.told)

    @property
    def count(self) -> int:
        """How many acknowledgements there are to lose."""
        return len(self.agencies) + len(self.puts) + len(self.claims) + len(self.settlements)


@dataclass
class Verdict:
    """What the restarted service found."""

    #: Acknowledgements that nothing is left of, or not the whole.
    lost: int = 0
    #: What a database of ours must never look like, in a sentence each.
    broken: list[str] = field(default_factory=list)


def restart(folder: Path, places: dict[str, str], promises: Promises, *, wholly: bool) -> Verdict:
    """Open what was left as a start of the service does (``wholly``: with everything that it does) and look."""
    given = settings(folder, places)
    try:
        if wholly:
            _goes_on(build_service(given))
        if not promises.agencies:
            return Verdict()
        engine = open_engine(given.database)
        try:
            vault, _ = open_vault(engine, given)
            return _look(engine, vault, promises)
        finally:
            engine.dispose()
    except Exception as error:  # noqa: BLE001 - a torn file may break anything; a file that is whole breaks nothing
        return Verdict(lost=promises.count, broken=[f"The service does not start: {type(error).__name__}."])


def _goes_on(service: Service) -> None:
    """Write, as a service that has just started does."""
    service.outbox.pause(DESTINATION, "A person asked for it.")
    service.outbox.resume(DESTINATION)
    service.engine.dispose()


def _look(engine: Engine, vault: Vault, promises: Promises) -> Verdict:
    with reading(engine) as connection:
        broken = [f"integrity_check: {row[0]}" for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        broken = [] if broken == ["integrity_check: ok"] else broken
        broken += [
            "A row refers to one that is not there." for _ in connection.exec_driver_sql("PRAGMA foreign_key_check")
        ]
        rows = {
            table.name: connection.execute(select(table)).mappings().all()
            for table in (t.agency, t.payload, t.submission, t.event, t.attempt, t.receipt)
        }
    found = _Found(rows, vault)
    outbox = SqlOutbox(engine, vault, destination=DESTINATION, clock=utc_now, new_id=new_id)
    lost = sum(agency not in {row["id"] for row in rows["agency"]} for agency in promises.agencies)
    lost += sum(not found.holds_put(put) for put in promises.puts)
    lost += sum(not _answers(outbox, put) for put in promises.puts[-3:])
    lost += sum(not found.holds_claim(claim) for claim in promises.claims)
    lost += sum(not found.holds_settlement(settlement) for settlement in promises.settlements)
    return Verdict(lost=lost, broken=[*broken, *found.halves(promises.tried), *found.illegal()])


def _answers(outbox: SqlOutbox, put: dict[str, Any]) -> bool:
    """Return whether the outbox itself answers for a payload: the request again, and each submission."""
    reply = outbox.answered(put["agency"], put["request"])
    entries = [outbox.entry(put["agency"], id_) for id_ in put["submissions"]]
    reports = [outbox.report(put["agency"], id_) for id_ in put["submissions"]]
    return reply is not None and reply.content == put["answer"] and None not in entries and None not in reports


class _Found:
    """The rows that were left, by what they are asked for."""

    def __init__(self, rows: dict[str, Any], vault: Vault) -> None:
        self._vault = vault
        self._payloads: dict[str, RowMapping] = {row["id"]: row for row in rows["payload"]}
        self._submissions: dict[str, RowMapping] = {row["id"]: row for row in rows["submission"]}
        self._attempts = {(row["submission"], row["number"]): row["outcome"] for row in rows["attempt"]}
        self._events: dict[str, list[RowMapping]] = defaultdict(list)
        for row in sorted(rows["event"], key=lambda row: row["seq"]):
            self._events[row["submission"]].append(row)
        self._receipts: dict[str, list[bytes]] = defaultdict(list)
        for row in rows["receipt"]:
            self._receipts[row["submission"]].append(row["sealed"])

    def holds_put(self, put: dict[str, Any]) -> bool:
        payload = self._payloads.get(put["payload"])
        if (
            payload is None
            or self._digest(payload["sealed"], "payload", put["agency"], put["payload"]) != put["content"]
        ):
            return False
        return all(
            id_ in self._submissions
            and self._digest(self._submissions[id_]["sealed_assessment"], "assessment", put["agency"], id_) == content
            for id_, content in put["submissions"].items()
        )

    def holds_claim(self, claim: dict[str, Any]) -> bool:
        return (claim["submission"], claim["attempt"]) in self._attempts

    def holds_settlement(self, told: dict[str, Any]) -> bool:
        id_ = told["submission"]
        if told["state"] not in {event["became"] for event in self._events[id_]}:
            return False
        if "attempt" in told and self._attempts.get((id_, told["attempt"])) is None:  # a later poll may say another one
            return False
        kept = {self._digest(sealed, "receipt", told["agency"], id_) for sealed in self._receipts[id_]}
        return told["receipt"] is None or told["receipt"] in kept

    def halves(self, tried: dict[str, int]) -> list[str]:
        """Return a sentence for each payload that is there with fewer submissions than came with it."""
        there: dict[str, int] = defaultdict(int)
        for row in self._submissions.values():
            there[row["payload"]] += 1
        return [f"{id_} is there by half." for id_ in self._payloads if there[id_] != tried[id_]]

    def illegal(self) -> list[str]:
        """Return a sentence for each submission whose story is not one of legal moves that ends where it stands."""
        return [
            f"{id_} moved illegally." for id_, row in self._submissions.items() if not self._legal(id_, row["state"])
        ]

    def _legal(self, id_: str, state: str) -> bool:
        events = self._events[id_]
        try:
            for before, after in itertools.pairwise(events):
                check_move(State(before["became"]), State(after["became"]))
        except IllegalMove:
            return False
        links = all(after["was"] == before["became"] for before, after in itertools.pairwise(events))
        return bool(events) and events[0]["was"] is None and links and events[-1]["became"] == state

    def _digest(self, sealed: bytes, *name: str) -> str:
        record = (self._payloads if name[0] == "payload" else self._submissions)[name[-1]]
        return hashlib.sha256(self._vault.open(sealed, *name, key=record["data_key"])).hexdigest()
