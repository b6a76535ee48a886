"""The examples of the README and the guides, run for real in a copy of the samples."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs/guides").glob("*.md"))]
#: The ports that the guides name; each run takes free ones in their place.
PORTS = ("8000", "8100")
#: Ends what one command printed, and carries its exit code.
END = "\x1e"
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_STARTS_WITHIN = 30


@dataclass(frozen=True)
class Fence:
    """One fenced block, where it stands and what it is."""

    line: int
    info: str
    body: str


@dataclass(frozen=True)
class Example:
    """One command and all that it prints; ``…`` stands for whatever may vary."""

    line: int
    command: str
    printed: str

    @property
    def pattern(self) -> re.Pattern[str]:
        lines = [_any_lines() if line == "…" else _one_line(line) for line in self.printed.splitlines()]
        return re.compile("".join(lines))


def _any_lines() -> str:
    return r"(?:[^\n]*\n)*?"


def _one_line(text: str) -> str:
    return re.escape(text.rstrip()).replace("…", r"[^\n]*") + r"\n"


def fences(document: Path, language: str) -> list[Fence]:
    text = document.read_text("utf-8")
    found = (
        Fence(line=text.count("\n", 0, match.start()) + 1, info=match["info"].strip(), body=match["body"])
        for match in _FENCE.finditer(text)
    )
    return [fence for fence in found if fence.info.split(" ")[0] == language]


def examples(fence: Fence) -> Iterator[Example]:
    command, printed, begun = "", "", fence.line
    for number, line in enumerate(fence.body.splitlines(), start=fence.line + 1):
        if line.startswith("$ "):
            if command:
                yield Example(line=begun, command=command, printed=printed)
            command, printed, begun = line.removeprefix("$ "), "", number
        elif line.startswith("> ") and not printed:
            command += "\n" + line.removeprefix("> ")
        else:
            assert command, f"line {number}: nothing was run yet that could print this"
            printed += line + "\n"
    yield Example(line=begun, command=command, printed=printed)


class Terminal:
    """One shell for a whole document, so that what an example sets holds for the next ones."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._shell = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )

    def run(self, command: str) -> tuple[str, int]:
        """Return what the command printed, on both streams, and its exit code, which ``$?`` still holds after it."""
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.write(
            f"{{ {command}\n}} </dev/null\n__code=$?; printf '{END}%s\\n' $__code; (exit $__code)\n"
        )
        self._shell.stdin.flush()
        printed = ""
        for line in self._shell.stdout:
            before, ended, code = line.partition(END)
            printed += before
            if ended:
                return printed, int(code)
        raise AssertionError("the shell ended")

    def close(self) -> None:
        assert self._shell.stdin is not None
        assert self._shell.stdout is not None
        self._shell.stdin.close()
        self._shell.stdout.close()
        self._shell.wait()


@contextmanager
def in_the_background(example: Example, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """Start a program, wait until it has printed what the document says, and end it at the end of the document."""
    log = folder / f"line-{example.line}.log"
    with log.open("w") as errors:
        program = subprocess.Popen(
            ["bash", "-c", f"exec {example.command}"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    printed: list[str] = []
    assert program.stdout is not None
    reader = threading.Thread(target=printed.extend, args=(program.stdout,))
    reader.start()
    try:
        deadline = time.monotonic() + _STARTS_WITHIN
        while not example.pattern.search("".join(printed)):
            assert program.poll() is None, f"{example.command} ended: {''.join(printed)} {log.read_text()}"
            assert time.monotonic() < deadline, f"{example.command} did not print {example.printed!r}"
            time.sleep(0.05)
        yield
    finally:
        program.terminate()
        program.wait(20)
        reader.join()
        program.stdout.close()


@contextmanager
def workspace(tmp_path: Path) -> Iterator[tuple[Path, dict[str, str]]]:
    """Make a folder with the samples in it, and an environment whose ``ecas`` is this checkout's."""
    folder, programs = tmp_path / "work", tmp_path / "bin"
    folder.mkdir()
    programs.mkdir()
    shutil.copytree(ROOT / "samples", folder / "samples")
    command = programs / "ecas"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m service "$@"\n')
    command.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECAS_")}
    path = f"{programs}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    yield folder, {**kept, "PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"}


def free_port() -> str:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return str(listening.getsockname()[1])


def with_ports(text: str, ports: dict[str, str]) -> str:
    return re.sub(rf"\b(?:{'|'.join(PORTS)})\b", lambda match: ports[match.group()], text)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_examples(document: Path, tmp_path: Path):
    """Every example of the document does what the document says, in its order."""
    ports = {port: free_port() for port in PORTS}
    with ExitStack() as stack:
        folder, environment = stack.enter_context(workspace(tmp_path))
        for fence in fences(document, "toml"):
            if name := fence.info.partition("file=")[2]:
                (folder / name).write_text(with_ports(fence.body, ports), "utf-8")
        terminal = Terminal(folder, environment)
        stack.callback(terminal.close)
        failed = 0
        for fence in fences(document, "console"):
            tag = fence.info.removeprefix("console").strip().partition(" ")[0]
            if tag == "no-run":
                continue
            for written in examples(fence):
                example = Example(written.line, with_ports(written.command, ports), with_ports(written.printed, ports))
                where = f"{document.name}:{example.line}: {example.command}"
                if tag == "background":
                    stack.enter_context(in_the_background(example, folder, environment))
                    continue
                assert not failed or example.command == "echo $?", f"{where}: the command before failed, unmentioned"
                printed, failed = terminal.run(example.command)
                printed = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
                if not example.pattern.fullmatch(printed):
                    pytest.fail(f"{where}\n--- printed\n{printed}--- documented\n{example.printed}", pytrace=False)
        assert not failed, f"{document.name}: the last command failed, unmentioned"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_what_is_not_run_here_is_run_elsewhere(document: Path):
    """A block that is not run names the file that runs its commands, and why it is not run here."""
    for fence in fences(document, "console"):
        tag, _, rest = fence.info.removeprefix("console").strip().partition(" ")
        assert tag in ("", "background", "no-run"), f"{document.name}:{fence.line}: unknown tag {tag!r}"
        if tag == "no-run":
            path, _, reason = rest.partition(" ")
            assert reason, f"{document.name}:{fence.line}: no reason"
            exercised = (ROOT / path).read_text("utf-8") + (ROOT / "Makefile").read_text("utf-8")
            for example in examples(fence):
                name = example.command.split()[-1]
                assert re.search(rf"\b{name}\b", exercised), f"{document.name}:{fence.line}: {path} runs no {name}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_pipelines_use_commands_that_are_shown(document: Path):
    """Every ``ecas`` command of a pipeline's YAML is also an example that is run."""
    shown = {example.command for fence in fences(document, "console") for example in examples(fence)}
    used = {line.partition("run: ")[2] for fence in fences(document, "yaml") for line in fence.body.splitlines()}
    assert {command for command in used if command.startswith("ecas ")} <= shown


def test_links_lead_somewhere():
    """Every relative link of every document leads to a file or folder of the repository."""
    broken = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text("utf-8"))
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert not broken
