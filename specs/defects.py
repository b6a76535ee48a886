"""Everything that is wrong with a package, collected so that its author hears it all at once."""

from __future__ import annotations

from canonical.errors import SpecDefect


class Defects:
    """The defects found so far, each at a file and a line."""

    def __init__(self) -> None:
        self._found: set[tuple[str, int, str]] = set()

    def add(self, file: str, line: int, sentence: str) -> None:
        """Note one defect; ``line`` counts from 1."""
        self._found.add((file, line, sentence))

    def lines(self) -> tuple[str, ...]:
        """Return each defect as ``file:line: sentence``, by file and line."""
        return tuple(f"{file}:{line}: {sentence}" for file, line, sentence in sorted(self._found))

    def refuse_any(self, package: str) -> None:
        """Let a package without defects pass.

        Raises:
            SpecDefect: listing every defect.
        """
        if not self._found:
            return
        count = "a defect" if len(self._found) == 1 else f"{len(self._found)} defects"
        raise SpecDefect(f"The specification package {package} has {count}; it judges nothing.", defects=self.lines())
