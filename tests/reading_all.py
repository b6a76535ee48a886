"""Reading everything that is sealed in a database: what does not open is counted, and nothing is hidden."""

from __future__ import annotations

from sqlalchemy import Engine, func, select

from canonical.errors import EcasBridgeError
from service.keyring.first_form import OWN_COLUMNS, RECORDS
from service.outbox import schema as t
from service.outbox.engine import reading
from service.tenants.tenant import EVERY
from service.vault import Vault

_SEALED = {
    "payload": {"sealed": "payload"},
    "submission": {"sealed_document_id": "document", "sealed_assessment": "assessment", "sealed_report": "report"},
}


def unreadable(engine: Engine, vault: Vault) -> list[str]:
    """Return what does not open, by table and row; rows that were erased are no rows here."""
    lost: list[str] = []
    with reading(engine, EVERY) as connection:
        keys = {row.id: row.data_key for row in connection.execute(select(t.submission.c.id, t.submission.c.data_key))}
        for table in RECORDS:
            for row in connection.execute(select(table).where(table.c.erased_at.is_(None))).mappings():
                for column, purpose in _SEALED[table.name].items():
                    _try(lost, vault, row[column], (purpose, row["agency"], row["id"]), row["data_key"])
        for column in OWN_COLUMNS:
            for row in connection.execute(column.query()).mappings():
                _try(lost, vault, row["sealed_value"], column.name(row), None)
        r = t.receipt.c
        for row in connection.execute(select(t.receipt).where(func.length(r.sealed) > 0)).mappings():
            _try(lost, vault, row["sealed"], ("receipt", row["agency"], row["submission"]), keys[row["submission"]])
    return lost


def _try(lost: list[str], vault: Vault, sealed: bytes, name: tuple[str, ...], key: bytes | None) -> None:
    try:
        vault.open(sealed, *name, key=key)
    except EcasBridgeError as error:
        lost.append(f"{name}: {type(error).__name__}")
