"""Gives every file of the corpus to the commands, in one long-lived process: ``python command_costs.py FOLDER LARGEST SHARE``.

For each file and command one line of JSON: exit code, seconds of processor (the worker's counted), by how many bytes memory
grew, and what was told. A command that takes ten seconds of processor, or a minute of waiting, ends the process.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fuzzing import small
from hostile import workbooks
from hostile.corpus import HostileFile, corpus, mapping_text

from service.cli.main import outcome

_SAMPLES = small.ROOT / "samples"
_SUFFIXES = {"delimited": "csv", "workbook": "xlsx", "hl7v2": "hl7", "mapping": "toml", "roster": "csv"}
#: Seconds of processor, and of the clock on the wall.
_KILLED_AFTER = 10
_GIVEN_UP_AFTER = 60
_PATIENT = 0.8
#: A kind of no more files is never thinned out.
_FEW = 20
#: Which of the files each command gets: one in so many of each kind.
EVERY = {"validate": 1, "why": 11, "fields": 11, "map": 13, "fix": 7, "init": 17, "check": 1}


class Bench:
    """A folder with what the commands need beside the hostile file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "ecas.toml").write_text('agency = "riverbend"\n')
        self._told = folder / "told"
        self._good = folder / "good.csv"
        self._good.write_bytes(small.GOOD["delimited"])
        self._good_mapping = self.mapping("delimited")
        self._roster = _SAMPLES / "roster.csv"

    def mapping(self, name: str) -> str:
        file = self.folder / f"{name}.toml"
        file.write_text(mapping_text(name), "utf-8")
        return str(file)

    def put(self, file: HostileFile, number: int) -> str:
        """Write a hostile file down, under a name that says nothing."""
        suffix = _SUFFIXES.get(
            file.format, "xml" if file.content[:9].lstrip(b"\xef\xbb\xbf").startswith(b"<") else "json"
        )
        if file.content.startswith(b"\xd0\xcf"):
            suffix = "xls"
        place = self.folder / f"{number}.{suffix}"
        place.write_bytes(file.content)
        return str(place)

    def arguments(self, command: str, file: HostileFile, path: str) -> list[str] | None:
        """Return how a command is given a file; None where it takes no such file."""
        if file.format == "mapping":
            known = {
                "validate": ["validate", str(self._good), "--mapping", path, "--report", "json"],
                "check": ["mapping", "check", path],
            }
            return known.get(command)
        if file.format == "roster":
            judged = [
                "validate",
                str(self._good),
                "--mapping",
                self._good_mapping,
                "--roster",
                path,
                "--report",
                "json",
            ]
            return judged if command == "validate" else None
        mapping = ["--mapping", self.mapping(file.mapping)] if file.mapping else []
        judging = [*mapping, "--roster", str(self._roster)]
        return {
            "validate": ["validate", path, *judging, "--report", "json"],
            "why": ["why", path, "--all", "--bytes", *judging],
            "fields": ["why", path, "--fields", *judging] if mapping else None,
            "map": ["map", path, "--force", "--out", str(self.folder / "out"), *judging],
            "fix": ["fix", path, "--list", *judging],
            "init": ["mapping", "init", path, "--agency", "riverbend"],
        }.get(command)

    def run(self, arguments: Sequence[str]) -> dict[str, Any]:
        """Run one command, and return what it cost."""
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")
        held, begun = _memory("VmRSS"), _seconds()
        signal.setitimer(signal.ITIMER_PROF, _KILLED_AFTER)
        faulthandler.dump_traceback_later(_GIVEN_UP_AFTER, exit=True)
        told = self._told.open("w", errors="backslashreplace")
        with told as out, contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = outcome(list(arguments))
        signal.setitimer(signal.ITIMER_PROF, 0)
        faulthandler.cancel_dump_traceback_later()
        seconds, grown = _seconds() - begun, _memory("VmHWM") - held
        told = self._told.read_text(errors="replace")
        secret = os.environ.get("HOSTILE_WORD", "")
        return {
            "code": code,
            "seconds": round(seconds, 3),
            "grown": grown,
            "silent": _is_silent(arguments[0], told) and not (code == 0 and arguments[0] == "map"),
            "raised": "Traceback" in told or "fault of ecas-bridge" in told,
            "leaked": bool(secret) and secret in told,
            "told": told[-300:] if code not in (0, 1) else "",
        }


def _is_silent(command: str, told: str) -> bool:
    """Return whether a command said nothing about its file: neither a finding nor a reading."""
    if command != "validate" or not told.startswith("{"):
        return not told.strip()
    report = json.loads(told)
    return not report["checked"] and not report["findings"]


def _memory(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def _seconds() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def chosen(largest: int, share: int) -> Iterator[tuple[HostileFile, list[str]]]:
    """Yield files up to a size, of a numerous kind one in ``share``, and the commands that each is for."""
    seen: dict[tuple[str, str], int] = {}
    for file in corpus():
        at = seen[file.format, file.kind] = seen.get((file.format, file.kind), -1) + 1
        if len(file.content) > largest or (at >= _FEW and at % share):
            continue
        yield file, [command for command, every in EVERY.items() if at % every == 0]


def run(folder: Path, largest: int, share: int) -> Iterator[dict[str, object]]:
    bench = Bench(folder)
    for number, (file, wanted) in enumerate(chosen(largest, share)):
        path = bench.put(file, number)
        about = {"format": file.format, "kind": file.kind, "file": file.label, "bytes": len(file.content)}
        asked = [(one, bench.arguments(one, file, path)) for one in wanted]
        del file  # what a command holds of it is counted
        for command, arguments in asked:
            if arguments is None:
                continue
            sys.stderr.write(f"{command} {about}\n")
            cost = bench.run(arguments)
            for _ in range(2):  # a busy machine makes one run slow, and not three
                if cost["seconds"] > _PATIENT:
                    cost["seconds"] = min(cost["seconds"], bench.run(arguments)["seconds"])
            yield about | {"command": command} | cost
        Path(path).unlink()


def _warm(folder: Path) -> None:
    """Let what is imported or compiled once be nobody's fault."""
    bench = Bench(folder)
    for name in ("delimited", "json", "xml", "hl7v2", "workbook", "fhir", "fhir-xml"):
        file = HostileFile(name.partition("-")[0], "", "", _warm_content(name))
        path = bench.put(file, 0)
        for command in EVERY:
            if arguments := bench.arguments(command, file, path):
                bench.run(arguments)


def _warm_content(name: str) -> bytes:
    return workbooks.GOOD if name == "workbook" else small.GOOD[name]


if __name__ == "__main__":
    place, size, share = sys.argv[1:]
    _warm(Path(place))
    for line in run(Path(place), int(size), int(share)):
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
