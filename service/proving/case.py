"""A case of a mapping: a payload, and what must be read in it.

```toml
why     = "A rating word that the table does not know."
payload = "unknown-word.csv"                        # a file beside the case

[[assessment]]
findings = ["A005 LDF_SLEEP"]                       # rule and items of each, sorted
[assessment.answers]                                # all of them, in canonical form
MEMBER_DOB = "2016-05-04"
```

``findings`` at the top are those of the payload as a whole. What we add to every assessment by ourselves is left out.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from canonical.errors import ConfigurationError
from service.drafting.quoting import key, listed, quoted

#: The folder beside a mapping: ``riverbend.toml`` has ``riverbend.cases``.
FOLDER: Final = ".cases"
_FINDING: Final = re.compile(r"[A-Z][0-9]{3}( [A-Z][A-Z0-9_.]*)*")
_LARGEST: Final = 5_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is read of one assessment, or must be."""

    answers: Mapping[str, str] = field(repr=False)
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One payload, and what must be read in it."""

    #: The file of the case; it need not be there yet.
    file: Path
    payload: Path
    why: str = ""
    #: None where nobody has said yet what must be read.
    assessments: tuple[Told, ...] | None = None
    findings: tuple[str, ...] = ()


def cases(folder: Path) -> tuple[Case, ...]:
    """Return the cases of a folder by name, and one without expectations for each payload that none is about.

    Raises:
        ConfigurationError: there is no such folder, or a case is broken.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"There is no folder {folder}: put payloads into it, and freeze them with --write.")
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and not file.name.startswith(".")]
    told = [_case(file) for file in files if file.suffix == ".toml"]
    known = {case.payload.name for case in told}
    bare = [file for file in files if file.suffix != ".toml" and file.name not in known]
    return (*told, *(Case(file=_free(file), payload=file) for file in bare))


def _free(payload: Path) -> Path:
    """Return the name of a new case; where two payloads differ in their ending alone, with it."""
    plain = payload.with_suffix(".toml")
    return plain if not plain.exists() else payload.with_name(f"{payload.name}.toml")


def write(case: Case) -> str:
    """Return the text of a case."""
    lines = [f"why     = {quoted(case.why)}"] if case.why else []
    lines.append(f"payload = {quoted(case.payload.name)}")
    if case.findings:
        lines.append(f"findings = {listed(case.findings)}")
    for told in case.assessments or ():
        lines += ["", "[[assessment]]"]
        if told.findings:
            lines.append(f"findings = {listed(told.findings)}")
        lines.append("[assessment.answers]")
        widest = max((len(key(item)) for item in told.answers), default=0)
        lines += [f"{key(item):<{widest}} = {quoted(text)}" for item, text in told.answers.items()]
    return "\n".join(lines) + "\n"


def _case(file: Path) -> Case:
    try:
        content = file.read_bytes()
        values = tomllib.loads(content.decode()) if len(content) <= _LARGEST else {}
    except (OSError, ValueError, RecursionError):
        raise ConfigurationError(f"{file}: this case cannot be read; it is TOML in UTF-8.") from None
    payload, why = values.get("payload"), values.get("why", "")
    known = {"why", "payload", "findings", "assessment"}
    if not isinstance(payload, str) or not payload or Path(payload).name != payload or not isinstance(why, str):
        raise ConfigurationError(f"{file}: “payload” must name a file beside the case.")
    if values.keys() - known:
        raise ConfigurationError(f"{file}: a case has the keys {', '.join(sorted(known))}, and no other.")
    if not (file.parent / payload).is_file():
        raise ConfigurationError(f"{file}: the payload that it names is not there.")
    told = values.get("assessment")
    if told is not None and not (isinstance(told, list) and all(isinstance(one, dict) for one in told)):
        raise ConfigurationError(f"{file}: assessments are written as [[assessment]].")
    findings = _findings(file, values)
    if told is None and not findings:
        return Case(file=file, payload=file.parent / payload, why=why)
    assessments = tuple(_told(file, one) for one in told or ())
    return Case(file=file, payload=file.parent / payload, why=why, assessments=assessments, findings=findings)


def _told(file: Path, values: Mapping[str, object]) -> Told:
    answers = values.get("answers", {})
    if not isinstance(answers, dict) or not all(isinstance(text, str) for text in answers.values()):
        raise ConfigurationError(f"{file}: [assessment.answers] holds a text in quotes for each item.")
    if values.keys() - {"answers", "findings"}:
        raise ConfigurationError(f"{file}: an assessment has “answers” and “findings”, and nothing else.")
    return Told(answers=answers, findings=_findings(file, values))


def _findings(file: Path, values: Mapping[str, object]) -> tuple[str, ...]:
    found = values.get("findings", [])
    if isinstance(found, list) and all(isinstance(one, str) and _FINDING.fullmatch(one) for one in found):
        return tuple(sorted(found))
    raise ConfigurationError(f"{file}: “findings” is a list of rules, each with its items: [“A005 LDF_SLEEP”].")
