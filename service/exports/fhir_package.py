"""``package.tgz``: the dictionary as an FHIR npm package (https://hl7.org/fhir/packages.html), the same bytes every time."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, time
from pathlib import PurePosixPath
from typing import Final

from service import fhir_names
from service.exports import wording
from service.exports.fhir_questionnaire import questionnaire
from service.exports.fhir_resource import Json
from service.exports.fhir_terminology import terminology
from service.fhir_response import questionnaire_response
from specs.examples import examples
from specs.spec import Spec, Status

_NAME: Final = "ecas-bridge.cans"
#: R4, whatever the classes are called that we hold our resources against.
_FHIR: Final = "4.0.1"
_CORE: Final = "hl7.fhir.r4.core"
_NUMBERS: Final = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){0,2}")
#: What an index tells of a resource, where the resource has it.
_INDEXED: Final = ("resourceType", "id", "url", "version", "content")


def fhir_package(spec: Spec) -> bytes:
    """Return the package: conformance resources, the accepted examples as QuestionnaireResponses, two indexes.

    Raises:
        SpecDefect: the package's examples were broken after it was loaded.
    """
    files = {"package/package.json": _json(_manifest(spec))}
    files |= _folder("package", {f"{r['resourceType']}-{r['id']}.json": r for r in resources(spec)})
    files |= _folder("package/example", dict(_examples(spec)))
    return _archive(files, datetime.combine(spec.in_force, time(), UTC))


def resources(spec: Spec) -> Iterator[Json]:
    """Yield every conformance resource."""
    yield from (questionnaire(instrument, spec) for instrument in spec.instruments.values())
    yield from terminology(spec)


def package_version(spec: Spec) -> str:
    """Return the package's version as npm wants it: three numbers, and a label unless it is official."""
    numbers = spec.version if _NUMBERS.fullmatch(spec.version) else ""
    padded = ".".join([*numbers.split("."), "0", "0"][:3]) if numbers else "0.0.0"
    labels = [] if numbers else [re.sub("[^0-9A-Za-z]+", "-", spec.version).strip("-")]
    if spec.status is not Status.OFFICIAL:
        labels.append(spec.status.value)
    return "-".join([padded, *labels])


def _manifest(spec: Spec) -> Json:
    return {
        "name": _NAME,
        "version": package_version(spec),
        "canonical": fhir_names.BASE,
        "title": spec.title,
        "description": f"{wording.notice(spec)} {wording.COPYRIGHT}".strip(),
        "author": spec.publisher,
        "type": "Conformance",
        "fhirVersions": [_FHIR],
        "dependencies": {_CORE: _FHIR},
    }


def _examples(spec: Spec) -> Iterator[tuple[str, Json]]:
    """Yield the accepted examples, all of them invented, by the name of their file."""
    for example in examples(spec):
        if not example.rules:
            name = PurePosixPath(example.name).stem
            yield f"QuestionnaireResponse-{name}.json", json.loads(questionnaire_response(example.answers, spec))


def _folder(path: str, content: Mapping[str, Json]) -> dict[str, bytes]:
    """Return the files of a folder by path, its index among them; no folder where there is nothing."""
    if not content:
        return {}
    index = {"index-version": 2, "files": [_indexed(name, resource) for name, resource in sorted(content.items())]}
    return {
        f"{path}/.index.json": _json(index),
        **{f"{path}/{name}": _json(resource) for name, resource in content.items()},
    }


def _indexed(name: str, resource: Json) -> Json:
    return {"filename": name, **{key: resource[key] for key in _INDEXED if key in resource}}


def _json(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def _archive(files: Mapping[str, bytes], day: datetime) -> bytes:
    """Return a gzipped tar whose bytes depend on nothing but the files and the day that they all bear."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in _ordered(files):
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), int(day.timestamp()), 0o644
            archive.addfile(member, io.BytesIO(content))
    return gzip.compress(plain.getvalue(), mtime=0)


def _ordered(files: Mapping[str, bytes]) -> Iterable[tuple[str, bytes]]:
    """Return the manifest first, as readers expect it, then the others by path."""
    return sorted(files.items(), key=lambda file: (not file[0].endswith("/package.json"), file[0]))
