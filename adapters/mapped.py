"""Records and a mapping in, assessments out: the one piece of code behind every format that is read by mapping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapters.agency_mapping import AgencyMapping, ItemMapping
from adapters.draft import Draft
from adapters.faults import ANSWERED_TWICE, UNREADABLE_VALUE, WITHDRAWN
from adapters.loss import Fates, LossBook
from adapters.record import Field, Record
from adapters.transforms import Refused, Split
from canonical.assessment import Assessment
from canonical.ledger import Fate
from canonical.provenance import Provenance

#: Said where a text is there, and a default may stand in for nothing only.
_NOTHING_LEFT: Final = (
    "Nothing is left of the text after what the mapping does to it; its default is for places without one."
)
#: A field, and what is left of its text.
_Taken = tuple[Field, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """One line of the mapping, made ready for many records."""

    item: str
    mapped: ItemMapping
    paths: tuple[str, ...]
    #: The only one of them, where all of its text is meant.
    path: str | None
    #: In lower case.
    empty: frozenset[str]
    #: Of an answer that one text gives.
    alone: Provenance
    #: Of an answer that several texts give.
    joined: Provenance
    #: Of a constant or a default.
    default: Provenance


class MappedReader:
    """Makes assessments of records, and keeps the loss ledger."""

    def __init__(self, mapping: AgencyMapping, agency: str | None, *, shared: bool = False) -> None:
        """Make every line of the mapping ready; the credential's agency stands before the mapping's.

        Args:
            mapping: what to read, and how.
            agency: whose payload it is.
            shared: whether a field can be in several records, or in none.
        """
        self._mapping = mapping
        self._agency = agency or mapping.agency
        self._plans = [_plan(item, mapped, mapping) for item, mapped in mapping.items.items()]
        #: What became of all fields so far.
        self.book = LossBook(shared=shared)

    def assessment(self, record: Record) -> Assessment:
        """Return what a record tells."""
        draft, fates = Draft(record.origin), Fates()
        for path in self._mapping.ignored:
            for field in record.fields(path):
                fates.mark(field.key, Fate.DROPPED)
        for plan in self._plans:
            if plan.paths:
                self._read(plan, record, draft, fates)
            else:
                self._stand_in(plan, plan.mapped.value, "constant", record, draft)
        self.book.settle(record, fates)
        return draft.finish(self._agency)

    def _read(self, plan: _Plan, record: Record, draft: Draft, fates: Fates) -> None:
        """Read one item of a record. What most items are, one field with one text, takes the short way."""
        if plan.path is not None:
            found = record.fields(plan.path)
            if not found and plan.mapped.default is None:
                return
            if len(found) == 1 and not found[0].void:
                (field,) = found
                text = field.text.strip()
                if text and (not plan.empty or text.casefold() not in plan.empty):
                    fates.map(field.key)
                    read: str | Refused = text
                    for step in plan.mapped.transforms:
                        read = step.apply(read) if isinstance(read, str) and read else read
                    if read and isinstance(read, str):
                        draft.answer(plan.item, read, field.source, plan.alone)
                    else:
                        self._answer(plan, [(field, text)], read, record, draft)
                    return
        self._read_several(plan, record, draft, fates)

    def _read_several(self, plan: _Plan, record: Record, draft: Draft, fates: Fates) -> None:
        """Read one item that several fields answer, or none."""
        nothing: list[Field] = []
        void: list[Field] = []
        taken = [_taken(found, plan, nothing, void) for path in plan.paths if (found := record.fields(path))]
        every = [one for of_path in taken for one in of_path]
        several = plan.mapped.join is not None and len(plan.paths) == 1
        used = [one for one in every if one[1]] if several else _once_each(taken)
        fate = Fate.DERIVED if used is not None and len(used) > 1 else Fate.MAPPED
        for field, _ in every:
            fates.mark(field.key, fate)
        for field in void:
            fates.mark(field.key, Fate.DROPPED)
        if lost := [field for field in void if not field.text]:  # nobody knows what was to stand there
            draft.fault(UNREADABLE_VALUE, lost[0].void, *(field.source for field in lost), item=plan.item)
            return
        if void and not every and not nothing:
            draft.fault(WITHDRAWN, void[0].void, *(field.source for field in void), item=plan.item)
            return
        text = "" if used == [] else _canonical(plan, used)
        defaulted = not text and plan.mapped.default is not None
        for field in nothing:
            fates.mark(field.key, Fate.DEFAULTED if defaulted else Fate.DROPPED)
        if defaulted and every:
            draft.fault(UNREADABLE_VALUE, _NOTHING_LEFT, *(field.source for field, _ in every), item=plan.item)
        elif defaulted and nothing:
            draft.answer(plan.item, plan.mapped.default or "", nothing[0].source, plan.default)
        elif used is None and isinstance(text, Refused):
            draft.fault(text.fault, text.message, *(field.source for field, _ in every), item=plan.item)
        else:
            self._answer(plan, used or (), text, record, draft)

    def _answer(self, plan: _Plan, used: Sequence[_Taken], text: str | Refused, record: Record, draft: Draft) -> None:
        """Answer one item with the canonical text; where there is none, with the mapping's default."""
        if isinstance(text, Refused):
            draft.fault(text.fault, text.message, used[0][0].source, item=plan.item)
        elif text:
            also = tuple(field.source for field, _ in used[1:])
            told = replace(plan.joined, also=also) if also else plan.alone
            draft.answer(plan.item, text, used[0][0].source, told)
        elif plan.mapped.default is not None and used:
            draft.fault(UNREADABLE_VALUE, _NOTHING_LEFT, used[0][0].source, item=plan.item)
        elif plan.mapped.default is not None:
            self._stand_in(plan, plan.mapped.default, "default", record, draft)

    def _stand_in(self, plan: _Plan, text: str, what: str, record: Record, draft: Draft) -> None:
        """Answer one item with a text that stands in no field of the record."""
        place = replace(record.origin, label=f"{record.origin.label}, {what} of {self._mapping.name}")
        draft.answer(plan.item, text, place, plan.default)
        self.book.stand_in()


def _canonical(plan: _Plan, used: Sequence[_Taken] | None) -> str | Refused:
    """Return the canonical text, or what stands in its way."""
    if used is None:
        message = "Several places that the mapping names for this item differ."
        return Refused(fault=ANSWERED_TWICE, message=message)
    text: str | Refused = used[0][1] if len(used) == 1 else (plan.mapped.join or "").join(one for _, one in used)
    for step in plan.mapped.transforms:
        if isinstance(text, Refused):
            break
        text = step.apply(text) if text else ""
    return text


def _plan(item: str, mapped: ItemMapping, mapping: AgencyMapping) -> _Plan:
    split = [mapped.split.name] if mapped.split else []
    steps = (*split, *(step.name for step in mapped.transforms))
    joined = steps if mapped.join is None else (*split, f"join {mapped.join!r}", *steps[len(split) :])
    stands_in = ("default",) if mapped.paths else ("value",)
    return _Plan(
        item=item,
        mapped=mapped,
        paths=mapped.paths,
        path=mapped.paths[0] if len(mapped.paths) == 1 and mapped.split is None else None,
        empty=mapping.empty if mapped.empty is None else mapped.empty,
        alone=Provenance(mapping=mapping.name, line=mapped.line, transforms=steps),
        joined=Provenance(mapping=mapping.name, line=mapped.line, transforms=joined),
        default=Provenance(mapping=mapping.name, line=mapped.line, transforms=stands_in, default=True),
    )


def _taken(found: Sequence[Field], plan: _Plan, nothing: list[Field], void: list[Field]) -> list[_Taken]:
    """Return the fields of one path that are answered; note those that a word for nothing stands in, and what is void."""
    taken = []
    for field in found:
        text = field.text.strip()
        if field.void:
            void.append(field)
        elif plan.empty and text.casefold() in plan.empty:
            nothing.append(field)
        elif text:
            taken.append((field, _part(text, plan.mapped.split)))
    return taken


def _part(text: str, split: Split | None) -> str:
    return split.apply(text) if split else text


def _once_each(taken: Sequence[Sequence[_Taken]]) -> list[_Taken] | None:
    """Return one text for each path that has any; None where the fields of one path differ."""
    used = []
    for of_path in taken:
        if len({text for _, text in of_path}) > 1:
            return None
        if of_path and of_path[0][1]:
            used.append(of_path[0])
    return used
