"""The classes of fhir.resources: the one file that imports it, and what its models say about their elements.

fhir.resources 8 carries R5 and R4B and no plain R4. The resources that we read are the same in R4 and R4B (compared element
by element with the R4 schema), so its R4B classes judge R4 documents, and we call the result R4.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from adapters.fhir_release import Release

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    #: Says whether all of these are what a primitive may be.
    Judge: TypeAlias = Callable[[Sequence[object]], bool]

#: Packages are imported by name, and only the one that a document needs: each costs a quarter of a second.
_PACKAGES: Final = {Release.R4: "fhir.resources.R4B", Release.R5: "fhir.resources"}
#: More types than a release has; a sender may ask for others without end.
_KEPT: Final = 2048
#: An annotation names a class of the model as ``abc.HumanNameType`` …
_MODEL: Final = re.compile(r"\babc\.(\w+)Type\b")
#: … and a primitive by what it is annotated with, or by a plain ``bool``.
_PRIMITIVE: Final = re.compile(r"fhir_core\.types\.(\w+) object|\b([A-Z]\w+)\(")
#: How these say it, and the name in FHIR; the others only begin with a small letter.
_NAMES: Final = {"EncodedBytes": "base64Binary", "UuidVersion": "uuid"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementShape:
    """What a model says about one of its elements, enforced by it or not."""

    #: A data type, a resource type, ``Resource`` for any; a primitive begins with a small letter.
    type: str
    many: bool = False
    required: bool = False
    #: The codes of a required binding, where the model has all of them.
    codes: tuple[str, ...] = ()
    #: The name of the choice that it is one of, as ``value`` in ``value[x]``.
    choice: str = ""
    #: The choice must be made.
    choice_required: bool = False
    #: The types of resource that a Reference may lead to; empty for any.
    targets: tuple[str, ...] = ()

    @property
    def primitive(self) -> bool:
        """Whether it holds a value and no elements."""
        return self.type[:1].islower()


def model(release: Release, name: str) -> type[BaseModel] | None:
    """Return the class of a resource or data type; None where the release has none of that name."""
    package = _PACKAGES[release]
    kinds = importlib.import_module(f"{package}.fhirtypes")
    kind = getattr(kinds, f"{name}Type", None) if name.isidentifier() else None
    if kind is None or not hasattr(kind, "get_model_klass"):
        return None
    found: type[BaseModel] = kind.get_model_klass()
    return found


def document_class(release: Release, name: str) -> type[BaseModel]:
    """Return the class that judges a whole document: that of its root, imported without all the others' names."""
    module = importlib.import_module(f"{_PACKAGES[release]}.{name.lower()}")
    found: type[BaseModel] = getattr(module, name)
    return found


@lru_cache(_KEPT)
def is_resource(release: Release, name: str) -> bool:
    """Return whether the release knows a resource of that name."""
    found = model(release, name) if name.isascii() and name.isidentifier() else None
    return found is not None and bool(getattr(found, "has_resource_base", bool)())


@lru_cache(_KEPT)
def elements(release: Release, name: str) -> Mapping[str, ElementShape]:
    """Return the elements of a type in the order of the standard; none where there is no such type."""
    found = model(release, name)
    if found is None:
        return {}
    shapes = {
        info.alias or field: _shape(info)
        for field, info in found.model_fields.items()
        if not field.endswith("__ext") and field != "fhir_comments"
    }
    order = {element: place for place, element in enumerate(getattr(found, "elements_sequence", list)())}
    return dict(sorted(shapes.items(), key=lambda entry: order.get(entry[0], len(order))))


def primitive(release: Release, name: str, element: str) -> object:
    """Return what the model of a type says of one of its primitives; equal where it says the same."""
    found = model(release, name)
    assert found is not None, "only elements of known types are asked for"
    return next(info.annotation for field, info in found.model_fields.items() if (info.alias or field) == element)


def judge(said: object) -> Judge:
    """Return what holds values against that, all at once; ``null`` is none."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - one document alone is judged without

    adapter: TypeAdapter[object] = TypeAdapter(list[said])  # type: ignore[valid-type]

    def judged(values: Sequence[object]) -> bool:
        try:
            adapter.validate_python(values)
        except (ValueError, TypeError, AttributeError):
            return False
        return None not in values

    return judged


def _shape(info: FieldInfo) -> ElementShape:
    annotation, said = str(info.annotation), info.json_schema_extra
    extra: dict[str, object] = dict(said) if isinstance(said, dict) else {}
    codes = _words(extra.get("enum_values"))
    targets = _words(extra.get("enum_reference_types"))
    kind = _type(annotation)
    return ElementShape(
        type=kind,
        many="List[" in annotation,
        required=extra.get("element_required") is True or info.is_required(),
        # The library copies them from the short text of the standard, which breaks off long lists.
        codes=() if kind != "code" or {"+", "etc."} & {*codes} else codes,
        choice=str(extra.get("one_of_many", "")),
        choice_required=extra.get("one_of_many_required") is True,
        targets=targets if kind == "Reference" and "Resource" not in targets else (),
    )


def _type(annotation: str) -> str:
    """Return FHIR's name of the type that an annotation means."""
    if found := _MODEL.search(annotation):
        return found[1]
    if "bool" in annotation:
        return "boolean"
    names = [one or other for one, other in _PRIMITIVE.findall(annotation)]
    name = next((_NAMES[name] for name in names if name in _NAMES), names[0] if names else "String")
    return name[:1].lower() + name[1:]


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else ()
