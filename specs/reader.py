"""A package directory -> ``Spec``, or every defect of it at once."""

from __future__ import annotations

from pathlib import Path

from specs.certification import read_certification
from specs.defects import Defects
from specs.desks import read_desks
from specs.dictionary import Dictionary, read_dictionary
from specs.examples import read_examples
from specs.folder import Folder, read_folder
from specs.package import PackageFile, read_package_file
from specs.requirements import read_requirements
from specs.rules import read_rules
from specs.seal import SEAL, check_seal, digest_of
from specs.spec import Spec, Type
from specs.transport import read_transport


def load(directory: Path) -> Spec:
    """Read and check a package; the wire schema is only read (``specs.wire.check_wire`` compiles it).

    Raises:
        SpecDefect: listing every defect as ``file:line: sentence``.
        ConfigurationError: there is no such directory.
    """
    folder = read_folder(directory)
    defects = Defects()
    check_seal(folder, defects)
    spec = _read(folder, defects)
    defects.refuse_any(str(directory))
    return spec


def _read(folder: Folder, defects: Defects) -> Spec:
    package = read_package_file(folder, defects)
    requirements = read_requirements(folder, defects)
    desks = read_desks(folder, defects)
    dictionary = read_dictionary(folder, requirements, defects)
    _check_consent(package, dictionary)
    folder.text("wire.xsd", defects)
    rules = read_rules(folder, dictionary, requirements, desks, defects)
    # Kept out of the Spec: only ``ecas spec verify`` runs them, through ``specs.examples.examples``.
    read_examples(folder, dictionary, {rule.code for rule in rules}, defects)
    summary = package.summary
    return Spec(
        version=summary.version,
        title=summary.title,
        publisher=summary.publisher,
        status=summary.status,
        in_force=summary.in_force,
        digest=digest_of(folder.files.get(SEAL, b"")),
        directory=folder.directory,
        source=summary.source,
        instruments=dictionary.instruments,
        items=dictionary.items,
        codes=dictionary.codes,
        rules=rules,
        requirements=requirements,
        certification=read_certification(folder, requirements, desks, defects),
        transport=read_transport(folder, defects),
        desks=desks,
        wire=package.wire,
        schema=folder.files.get("wire.xsd", b""),
        consent_item=package.consent_item,
        consent_full=package.consent_full,
        notice=package.notice,
    )


def _check_consent(package: PackageFile, dictionary: Dictionary) -> None:
    """The consent gate rests on these two: an unknown word here would open or shut it for everyone."""
    for fault in dictionary.item_faults(package.consent_item):
        package.consent.refuse("item", fault)
    item = dictionary.items.get(package.consent_item)
    if item is not None and item.type is not Type.CODE:
        package.consent.refuse("item", "The item that holds consent must be one of codes.")
    for fault in dictionary.value_faults(package.consent_item, package.consent_full):
        package.consent.refuse("full", fault)
