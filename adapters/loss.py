"""Keeps the loss ledger while records are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from adapters.record import Field, Record
from canonical.ledger import Fate, Ledger, Unmapped

#: Of several uses of one field the first of these is its fate.
_RANK: Final = {fate: rank for rank, fate in enumerate(Fate)}
#: More places than this are counted without being listed: memory is bounded whatever the file.
_MOST_PLACES: Final = 1000
#: Is told every field that is counted, and its fate.
Witness = Callable[[Field, Fate], None]
#: How the fields of a record that was not read at all are listed.
_LEFT_OUT: Final = "records that were left out"


class Fates:
    """What became of the fields of one record."""

    __slots__ = ("_of",)

    def __init__(self) -> None:
        """Begin with none."""
        self._of: dict[str, Fate] = {}

    @property
    def by_key(self) -> Mapping[str, Fate]:
        """Every field that was used, and its fate; of one that nobody used, it is unmapped."""
        return self._of

    def map(self, key: str) -> None:
        """Note the noblest use of a field: its text is an answer."""
        self._of[key] = Fate.MAPPED

    def mark(self, key: str, fate: Fate) -> None:
        """Note one use of a field; a nobler one stays."""
        known = self._of.get(key)
        if known is None or _RANK[fate] < _RANK[known]:
            self._of[key] = fate


class LossBook:
    """Counts fields by their fate, over all records."""

    def __init__(self, *, shared: bool = False) -> None:
        """Begin with nothing read; ``shared`` where a field can be in several records, or in none of them."""
        #: The fields that were counted, where one may be met again: hashes of their keys, which may be long.
        self._met: set[int] | None = set() if shared else None
        #: What records made of fields that are not in them.
        self._around = Fates()
        self._fields = 0
        self._counts = dict.fromkeys(Fate, 0)
        self._unmapped: dict[str, int] = {}
        self._beyond: set[int] = set()
        self._defaults = 0
        #: Looks on, where somebody asks for every field.
        self.witness: Witness | None = None

    def settle(self, record: Record, fates: Fates) -> None:
        """Count every field of a record that was read."""
        self._count(record.all(), fates)
        if self._met is not None:
            for key, fate in fates.by_key.items():
                if hash(key) not in self._met:
                    self._around.mark(key, fate)

    def settle_rest(self, fields: Iterable[Field]) -> None:
        """Count those fields of a document that are in no record of it."""
        self._count(fields, self._around)

    def leave_out(self, fields: int) -> None:
        """Count the fields of a record that could not be read: a finding tells why, and they are lost all the same."""
        self._fields += fields
        self._counts[Fate.UNMAPPED] += fields
        self._list(_LEFT_OUT, fields)

    def stand_in(self) -> None:
        """Count an answer that no field gave."""
        self._defaults += 1

    def ledger(self) -> Ledger:
        """Return the ledger of everything so far."""
        return Ledger(
            fields=self._fields,
            counts=dict(self._counts),
            unmapped=tuple(Unmapped(name=name, fields=count) for name, count in self._unmapped.items()),
            unlisted=len(self._beyond),
            defaults=self._defaults,
        )

    def _count(self, fields: Iterable[Field], fates: Fates) -> None:
        known, mapped = fates.by_key, 0
        for field in fields:
            text = field.text
            if not text or text.isspace():
                continue
            key = field.key
            if self._met is not None and not self._is_new(key):
                continue
            fate = known.get(key, Fate.UNMAPPED)
            if fate is Fate.MAPPED and self.witness is None:  # most are: counted in one go
                mapped += 1
                continue
            self._fields += 1
            if field.decides and _RANK[fate] > _RANK[Fate.DERIVED]:
                fate = Fate.DERIVED
            self._counts[fate] += 1
            if self.witness is not None:
                self.witness(field, fate)
            if fate is Fate.UNMAPPED:
                self._list(field.name or field.source.label, 1)
        self._fields += mapped
        self._counts[Fate.MAPPED] += mapped

    def _is_new(self, key: str) -> bool:
        """Return whether a field is met for the first time."""
        met = self._met if self._met is not None else set()
        number = hash(key)
        known = number in met
        met.add(number)
        return not known

    def _list(self, name: str, fields: int) -> None:
        if name in self._unmapped or len(self._unmapped) < _MOST_PLACES:
            self._unmapped[name] = self._unmapped.get(name, 0) + fields
        elif len(self._beyond) < _MOST_PLACES:
            self._beyond.add(hash(name))
