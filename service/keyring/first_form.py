"""The first release's form: one key sealed everything. What it sealed stays readable, and rotation brings it over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, Table, and_, func, select, update

from service.outbox import schema as t
from service.vault import OWN, RECORD, Vault

#: Tables of records: each row has a data key of its own.
RECORDS: Final = (t.payload, t.submission)
#: Which of their columns are sealed, and what each is called in its seal.
_SEALED: Final = {
    "payload": {"sealed": "payload"},
    "submission": {"sealed_document_id": "document", "sealed_assessment": "assessment", "sealed_report": "report"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnColumn:
    """A column that is sealed under an agency's own data key."""

    column: Any
    #: The columns by which a row is found.
    key: tuple[str, ...]
    #: The parts of the name under which it is sealed, from its row.
    name: Callable[[RowMapping], tuple[str, ...]]

    @property
    def table(self) -> Table:
        """The table that it belongs to."""
        table: Table = self.column.table
        return table

    def query(self) -> Select[Any]:
        """Return the question for its rows; what is sealed is called ``sealed_value``."""
        return select(self.table, self.column.label("sealed_value")).where(func.length(self.column) > 0)


def _by(column: Any, purpose: str, *parts: str, key: tuple[str, ...] = ("seq",)) -> OwnColumn:  # noqa: ANN401 - a column
    return OwnColumn(column=column, key=key, name=lambda row: (purpose, *(str(row[part] or "") for part in parts)))


#: Everything that is sealed and is no record.
OWN_COLUMNS: Final = (
    _by(t.roster.c.sealed, "roster", "agency"),
    _by(t.assessor.c.sealed, "assessor", "agency", "id"),
    _by(t.certificate.c.sealed, "certificate", "agency", "id"),
    _by(t.evidence.c.sealed, "evidence", "agency", "certificate"),
    _by(t.roster_change.c.sealed, "roster change", "agency", "assessor"),
    _by(t.route.c.sealed_note, "route note", "agency", "programme", "starts_at"),
    _by(t.event.c.sealed_note, "note", "agency", "submission"),
    _by(t.replay.c.sealed_note, "note", "agency", "id"),
    _by(t.withdrawal.c.sealed_note, "note", "agency", "id"),
    _by(
        t.request.c.sealed_answer,
        "answer",
        "agency",
        "key_digest",
        key=("agency", "endpoint", "key_digest"),
    ),
)


def is_first_form(column: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a column
    """Return the condition of what the first release sealed: it begins with neither of this release's forms."""
    begins = func.substr(column, 1, len(OWN))
    return and_(begins != OWN, begins != RECORD)


def convert(connection: Connection, vault: Vault, table: Table, agency: str, id_: str) -> None:
    """Give a record a data key of its own, and seal all that is its under it; whoever was first has done it."""
    c = table.c
    mine = (c.agency == agency, c.id == id_)
    row = connection.execute(select(table).where(*mine).with_for_update()).mappings().one()
    if row["wrapped_by"] is not None or row["erased_at"] is not None:
        return
    keys = vault.new_key(agency, id_)
    key = keys["data_key"]
    values: dict[str, Any] = {**keys}
    for column, purpose in _SEALED[table.name].items():
        values[column] = vault.seal(vault.open(row[column], purpose, agency, id_), purpose, agency, id_, key=key)
    connection.execute(update(table).where(*mine).values(**values))
    if table is t.submission:
        r = t.receipt.c
        for receipt in connection.execute(select(r.seq, r.sealed).where(r.agency == agency, r.submission == id_)).all():
            plain = vault.open(receipt.sealed, "receipt", agency, id_)
            sealed = vault.seal(plain, "receipt", agency, id_, key=key)
            connection.execute(update(t.receipt).where(r.seq == receipt.seq).values(sealed=sealed))
