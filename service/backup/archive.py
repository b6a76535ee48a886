"""The file of a backup: a line that says what it is, then sealed pieces in their order, the last one with the counts.

Each piece is bound to its place, to the file's first line and to whether it is the last: a file that was cut, put
together from two, or altered in a byte does not open.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from canonical.errors import ConfigurationError
from service.keyring.master import Masters
from service.keyring.wrapping import KEY_BYTES, NotUnderThisKey, unwrap, wrap

#: The first word of the file.
MAGIC: Final = "ecas-backup"
FORMAT: Final = 1
_LENGTH_BYTES: Final = 4
#: A first line is never longer, and a piece neither.
_LONGEST_LINE: Final = 10_000
_LONGEST_PIECE: Final = 256_000_000
_BROKEN: Final = "This backup is damaged or not whole: nothing of it is to be trusted. Take another one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the first line says; all of it is bound to what follows."""

    id: str
    made_at: int
    #: The revision of the database's schema.
    schema: str
    release: str
    #: The master that wraps the file's key.
    master: str
    key: str

    def line(self) -> bytes:
        """Return it as it stands in the file."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return orjson.dumps({MAGIC: FORMAT, **fields}) + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some rows of one table."""

    table: str
    columns: tuple[str, ...]
    rows: list[list[Any]]


def write(file: IO[bytes], masters: Masters, header: Mapping[str, Any], pieces: Iterable[Piece]) -> Counter[str]:
    """Write a backup; return how many rows of each table it holds."""
    key, master = secrets.token_bytes(KEY_BYTES), masters.current
    wrapped = base64.b64encode(master.wrap(key, "backup", header["id"])).decode()
    line = Header(**header, master=master.id, key=wrapped).line()
    file.write(line)
    cipher, bound = AESGCM(key), hashlib.sha256(line).hexdigest()
    counts: Counter[str] = Counter()
    number = 0
    for piece in pieces:
        counts[str(piece.table)] += len(piece.rows)  # a name of SQLAlchemy's is no plain text
        content = [
            str(piece.table),
            [str(name) for name in piece.columns],
            [[_packed(value) for value in row] for row in piece.rows],
        ]
        _put(file, wrap(cipher, zlib.compress(orjson.dumps(content), 1), "piece", bound, str(number), "more"))
        number += 1
    _put(file, wrap(cipher, zlib.compress(orjson.dumps(dict(counts)), 1), "piece", bound, str(number), "last"))
    return counts


def read_header(file: IO[bytes]) -> Header:
    """Return the first line of a backup.

    Raises:
        ConfigurationError: the file is no backup of ours, or of a later release.
    """
    line = file.readline(_LONGEST_LINE)
    try:
        fields = orjson.loads(line)
        if fields.pop(MAGIC) != FORMAT:
            raise ConfigurationError("This backup was written by a later release of ecas-bridge; restore it with that.")
        return Header(**fields)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise ConfigurationError("This file is no backup of ecas-bridge.") from None


def read(file: IO[bytes], masters: Masters, header: Header) -> Iterator[Piece]:
    """Yield what the file holds after its first line, every piece proven to be the one that was written there.

    Raises:
        ConfigurationError: the file is damaged, cut, or under another master key.
    """
    try:
        wrapped = base64.b64decode(header.key, validate=True)
    except ValueError:
        raise ConfigurationError(_BROKEN) from None
    cipher = AESGCM(masters.unwrap(header.master, wrapped, "backup", header.id))
    bound = hashlib.sha256(header.line()).hexdigest()
    counts: Counter[str] = Counter()
    number = 0
    while True:
        sealed = _taken(file)
        try:
            content = unwrap(cipher, sealed, "piece", bound, str(number), "more")
        except NotUnderThisKey:
            break
        table, columns, rows = orjson.loads(zlib.decompress(content))
        counts[table] += len(rows)
        number += 1
        yield Piece(table=table, columns=tuple(columns), rows=[[_unpacked(value) for value in row] for row in rows])
    try:
        told = orjson.loads(zlib.decompress(unwrap(cipher, sealed, "piece", bound, str(number), "last")))
    except NotUnderThisKey:
        raise ConfigurationError(_BROKEN) from None
    if told != dict(counts) or file.read(1):
        raise ConfigurationError(_BROKEN)


def _put(file: IO[bytes], sealed: bytes) -> None:
    file.write(len(sealed).to_bytes(_LENGTH_BYTES) + sealed)


def _taken(file: IO[bytes]) -> bytes:
    length = int.from_bytes(file.read(_LENGTH_BYTES))
    sealed = file.read(length) if length <= _LONGEST_PIECE else b""
    if not length or len(sealed) != length:
        raise ConfigurationError(_BROKEN)
    return sealed


def _packed(value: Any) -> Any:  # noqa: ANN401 - a value of a row
    return {"b": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


def _unpacked(value: Any) -> Any:  # noqa: ANN401 - a value of a row
    return base64.b64decode(value["b"]) if isinstance(value, dict) else value
