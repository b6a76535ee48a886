"""What every table is declared with."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Integer, MetaData

#: Constraint names that alembic can rely on, on every back end.
metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: A sequence that both back ends count up and never reuse.
Sequence: Final = BigInteger().with_variant(Integer, "sqlite")
