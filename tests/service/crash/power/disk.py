"""What a power cut may leave of the files: everything flushed, and of the rest whatever the disk pleases."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from power.trace import ROOT, Began, Bind, Deed, Ended, Event, Flush, Truncate, Write

#: What a disk writes whole or not at all.
SECTOR = 512


class Mood(StrEnum):
    """How the disk treats what nobody flushed."""

    #: Nothing of it is there.
    DROPPED = "dropped"
    #: All of it is there.
    KEPT = "kept"
    #: The earlier part is there, and of the deed where it stops some leading sectors.
    TORN = "torn"
    #: Each sector of each file, and each name, as any of the deeds since the flush left it, in whatever order.
    SCATTERED = "scattered"


@dataclass
class _File:
    """One file: what is certain, and the deeds that are not, each with its number."""

    certain: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, Write | Truncate]] = field(default_factory=list)

    def flushed(self, done: set[int]) -> set[int]:
        """Make certain what was done before the flush began, and return the numbers of it."""
        certain = {number for number, _ in self.pending if number in done}
        for number, deed in self.pending:
            if number in certain:
                _apply(self.certain, deed)
        self.pending = [(number, deed) for number, deed in self.pending if number not in certain]
        return certain


@dataclass
class _Folder:
    """One folder: the names that are certain, and the deeds that are not."""

    certain: dict[str, int] = field(default_factory=dict)
    pending: list[tuple[int, Bind]] = field(default_factory=list)

    def flushed(self, done: set[int]) -> set[int]:
        """Make certain what was done before the flush began, and return the numbers of it."""
        certain = {number for number, _ in self.pending if number in done}
        for number, deed in self.pending:
            if number in certain:
                _rebind(self.certain, deed)
        self.pending = [(number, deed) for number, deed in self.pending if number not in certain]
        return certain


@dataclass
class Left:
    """What one cut left, by the path of each file, and what became of the unflushed."""

    files: dict[str, bytes] = field(default_factory=dict)
    #: Files in which something was written and not flushed.
    unflushed: set[str] = field(default_factory=set)
    #: Those of them of which a part is there.
    torn: set[str] = field(default_factory=set)

    def lay(self, folder: Path) -> None:
        """Lay it below this folder, for a service to start on."""
        for name, content in self.files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            place.write_bytes(content)
            place.chmod(0o600)


@dataclass
class Disk:
    """The files as they stand after the events that it was told so far, in order."""

    files: dict[int, _File] = field(default_factory=dict)
    folders: dict[int, _Folder] = field(default_factory=lambda: {ROOT: _Folder()})
    _asked: dict[int, Deed] = field(default_factory=dict)
    #: What was done, for each flush that has not ended, when it began.
    _covered: dict[int, set[int]] = field(default_factory=dict)
    _done: set[int] = field(default_factory=set)

    def tell(self, event: Event) -> None:
        """Take in the next event."""
        if isinstance(event, Began):
            self._begin(event.number, event.deed)
        elif isinstance(event, Ended):
            deed = self._asked.pop(event.number)
            if isinstance(deed, Flush):
                target = self.folders[deed.file] if deed.file in self.folders else self.files[deed.file]
                self._done -= target.flushed(self._covered.pop(event.number))
            else:
                self._done.add(event.number)

    def _begin(self, number: int, deed: Deed) -> None:
        self._asked[number] = deed
        if isinstance(deed, Flush):
            self._covered[number] = set(self._done)
        elif isinstance(deed, Bind):
            self.folders[deed.folder].pending.append((number, deed))
            if deed.file is not None:
                made = self.folders if deed.is_folder else self.files
                made.setdefault(deed.file, _Folder() if deed.is_folder else _File())  # type: ignore[arg-type]
        else:
            self.files[deed.file].pending.append((number, deed))

    def cut(self, mood: Mood, rng: random.Random) -> Left:
        """Return what is there when the power comes back."""
        left = Left()
        self._walk(ROOT, "", mood, rng, left)
        return left

    def _walk(self, number: int, path: str, mood: Mood, rng: random.Random, left: Left) -> None:
        for name, bound in _names(self.folders[number], mood, rng).items():
            place = f"{path}/{name}".removeprefix("/")
            if bound in self.folders:
                self._walk(bound, place, mood, rng, left)
            else:
                file = self.files[bound]
                content = _content(file, mood, rng)
                left.files[place] = content
                left.unflushed |= {place} if file.pending else set()
                left.torn |= {place} if content not in (file.certain, _whole(file)) else set()


def _names(folder: _Folder, mood: Mood, rng: random.Random) -> dict[str, int]:
    """Return which names are there and where they lead."""
    names = dict(folder.certain)
    deeds = [deed for _, deed in folder.pending]
    if mood is Mood.DROPPED:
        deeds = []
    elif mood is Mood.TORN:
        deeds = deeds[: rng.randint(0, len(deeds))]
    elif mood is Mood.SCATTERED:
        turns: dict[str, list[Bind]] = {}
        for deed in deeds:
            turns.setdefault(deed.name, []).append(deed)
        deeds = [turn[:last][-1] for turn in turns.values() if (last := rng.randint(0, len(turn)))]
    for deed in deeds:
        _rebind(names, deed)
    return names


def _whole(file: _File) -> bytearray:
    """Return the bytes of a file as the process itself would read them."""
    image = bytearray(file.certain)
    for _, deed in file.pending:
        _apply(image, deed)
    return image


def _content(file: _File, mood: Mood, rng: random.Random) -> bytes:
    """Return the bytes of a file that are there when the power comes back."""
    deeds = [deed for _, deed in file.pending]
    if not deeds or mood is Mood.DROPPED:
        return bytes(file.certain)
    if mood is Mood.KEPT:
        return bytes(_whole(file))
    image = bytearray(file.certain)
    if mood is Mood.SCATTERED:
        return _scattered(image, deeds, rng)
    *earlier, last = deeds[: rng.randint(1, len(deeds))]
    for deed in earlier:
        _apply(image, deed)
    if isinstance(last, Write):
        stop = rng.choice(_sectors(last)) * SECTOR
        _apply(image, Write(last.file, last.offset, last.content[: max(0, stop - last.offset)]))
    return bytes(image)


def _scattered(image: bytearray, deeds: list[Write | Truncate], rng: random.Random) -> bytes:
    """Let each sector be as any of the deeds left it, and the file as long as after any of them.

    A sector comes from the cache whole, with all that was written into it so far: later bytes without the earlier ones
    beside them are nothing that a disk could hold. Sectors that never came, in a file that grew, read as zeros.
    """
    cache, sizes = bytearray(image), [len(image)]
    share = rng.choice((0.1, 0.5, 0.9))
    for deed in deeds:
        _apply(cache, deed)
        sizes.append(len(cache))
        if isinstance(deed, Truncate):
            continue
        for sector in _sectors(deed):
            if rng.random() < share:
                start = sector * SECTOR
                _apply(image, Write(deed.file, start, bytes(cache[start : start + SECTOR])))
    size = rng.choice((sizes[-1], rng.choice(sizes)))
    _apply(image, Truncate(deeds[0].file, size))
    return bytes(image)


def _sectors(deed: Write) -> range:
    return range(deed.offset // SECTOR, -(-(deed.offset + len(deed.content)) // SECTOR))


def _apply(image: bytearray, deed: Write | Truncate) -> None:
    size = deed.size if isinstance(deed, Truncate) else deed.offset + len(deed.content)
    if len(image) < size:
        image.extend(bytes(size - len(image)))
    if isinstance(deed, Truncate):
        del image[size:]
    else:
        image[deed.offset : size] = deed.content


def _rebind(names: dict[str, int], deed: Bind) -> None:
    if deed.file is None:
        names.pop(deed.name, None)
    else:
        names[deed.name] = deed.file
