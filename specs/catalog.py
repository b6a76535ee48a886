"""The packages at hand, and which of them judges a given day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from canonical.errors import ConfigurationError, NoSpecInForce, SpecDefect
from specs.package import PACKAGE_FILE, PackageSummary, read_summary
from specs.reader import load
from specs.spec import Spec, Status

__all__ = ["PACKAGES", "Catalog", "PackageSummary", "UnknownSpec"]

#: The packages that ecas-bridge brings.
PACKAGES: Final = Path(__file__).parent / "packages"

#: Who may be chosen by a date, and who wins; a draft is used only by name.
_RANK: Final = {Status.PROVISIONAL: 0, Status.RETIRED: 1, Status.OFFICIAL: 2}


class UnknownSpec(ConfigurationError):
    """No specification package goes by that name."""


class Catalog:
    """The built-in packages and those of further directories; each is loaded when it is first asked for.

    It may be shared by threads: at worst two of them load the same package, and both get the same content.
    """

    def __init__(self, *directories: Path) -> None:
        """Take directories that hold packages as sub-folders, or that are packages themselves."""
        self._directories = (PACKAGES, *directories)
        self._summaries: tuple[PackageSummary, ...] | None = None
        self._specs: dict[Path, Spec] = {}
        self._by_day: dict[date, Spec] = {}

    def versions(self) -> tuple[PackageSummary, ...]:
        """Return all packages, the earliest in force first; only their package.toml is read, once.

        Raises:
            SpecDefect: a package.toml is broken, or two packages go by one version.
            ConfigurationError: a directory is not there.
        """
        if self._summaries is None:
            places = dict.fromkeys(place.resolve() for place in self._places())
            summaries = sorted(map(read_summary, places), key=lambda summary: (summary.in_force, summary.version))
            _refuse_doubles(summaries)
            self._summaries = tuple(summaries)
        return self._summaries

    def named(self, name: str | Path) -> Spec:
        """Return the package of that version, or in that directory.

        Raises:
            UnknownSpec: there is none.
            SpecDefect: the package is broken.
        """
        if isinstance(name, str):
            for summary in self.versions():
                if summary.version == name:
                    return self._load(summary.directory)
        if (Path(name) / PACKAGE_FILE).is_file():
            return self._load(Path(name).resolve())
        known = ", ".join(summary.version for summary in self.versions()) or "none"
        raise UnknownSpec(
            f"There is no specification package {str(name)!r}: it is neither one of the versions at hand ({known}) "
            f"nor a directory that holds a {PACKAGE_FILE}."
        )

    def for_date(self, day: date) -> Spec:
        """Return the package in force on that day: an official one before a provisional, the latest of each.

        A retired package still judges the days before the package that took its place came into force.

        Raises:
            NoSpecInForce: no package covers that day.
            SpecDefect: two packages have the same claim to it, or the chosen one is broken.
        """
        if day not in self._by_day:
            self._by_day[day] = self._in_force(day)
        return self._by_day[day]

    def _in_force(self, day: date) -> Spec:
        claims = sorted(
            (_RANK[summary.status], summary.in_force, summary.version)
            for summary in self.versions()
            if self._is_in_force(summary, day)
        )
        if not claims:
            raise NoSpecInForce(f"No published specification package is in force on {day.isoformat()}.")
        *others, (rank, in_force, version) = claims
        if others and others[-1][:2] == (rank, in_force):
            raise SpecDefect(
                f"The packages {others[-1][2]} and {version} both come into force on {in_force.isoformat()}; "
                "which of them judges cannot be told."
            )
        return self.named(version)

    def _places(self) -> Iterator[Path]:
        for directory in self._directories:
            if not directory.is_dir():
                raise ConfigurationError(f"The directory of specification packages {directory} is not there.")
            if (directory / PACKAGE_FILE).is_file():
                yield directory
            else:
                yield from sorted(place.parent for place in directory.glob(f"*/{PACKAGE_FILE}"))

    def _is_in_force(self, package: PackageSummary, day: date) -> bool:
        if package.status not in _RANK or day < package.in_force:
            return False
        if package.status is not Status.RETIRED:
            return True
        successors = [
            other.in_force
            for other in self.versions()
            if other.supersedes == package.version and other.status is not Status.DRAFT
        ]
        return bool(successors) and day < min(successors)

    def _load(self, directory: Path) -> Spec:
        if directory not in self._specs:
            self._specs[directory] = load(directory)
        return self._specs[directory]


def _refuse_doubles(summaries: list[PackageSummary]) -> None:
    directories: dict[str, Path] = {}
    for summary in summaries:
        other = directories.setdefault(summary.version, summary.directory)
        if other != summary.directory:
            raise SpecDefect(
                f"Two specification packages go by the version {summary.version}: {other} and {summary.directory}. "
                "Rename one of them, or take it away."
            )
