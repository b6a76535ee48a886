"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import click
import pytest

from service import rule_pages
from service.cli import mapping, spec
from service.cli.main import COMMANDS, ecas
from service.settings import PREFIX, Settings
from specs.catalog import Catalog

ROOT = Path(__file__).parents[1]
PACKAGES = ("canonical", "markup", "specs", "adapters", "validators", "gateway_client", "service", "sandbox")
DISTRIBUTION = "ecas-bridge"
LONGEST_FILE = 400
GUIDES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs/guides").glob("*.md"))]
ADRS = sorted((ROOT / "docs/adr").glob("*.md"))
#: Numbers of desks that the state itself publishes.
PUBLISHED = "\n".join(file.read_text("utf-8") for file in (ROOT / "specs/packages").glob("*/desks.toml"))
#: Written in pieces, so that this file is not one of those that hold them.
MACHINE = re.compile(
    "|".join(("/ho" + "me/[a-z]", "/ro" + "ot/", "/wo" + "rk/", "/Us" + "ers/[a-z]", r"[A-Z]:\\Us" + "ers"))
)
INDEX = re.compile(
    "|".join(("index" + "-url", "find" + "-links", r"pypi\.org/sim" + "ple", r"python" + r"hosted\.org"))
)
CODE = re.compile(r"[\"']([ABCSXR]\d{3})[\"']")


def modules() -> list[Path]:
    return [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]


def suite() -> list[Path]:
    return sorted((ROOT / "tests").rglob("*.py"))


def files() -> list[Path]:
    """Return every file that is in the repository or would be."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [file for name in listed.split("\0") if name and (file := ROOT / name).is_file()]


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _is_sentence(text: str) -> bool:
    """Return whether a text begins like a sentence (or with a name from code) and ends like one."""
    first, *others = text.split() or [""]
    return len(others) > 1 and (first[:1].isupper() or not first.isalpha()) and text[-1] in ".?!”"


def commands(group: click.Group, path: str) -> Iterator[str]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}"


@pytest.mark.parametrize("package", PACKAGES)
def test_import_names_are_ours(package: str):
    """No other distribution of this environment owns one of our import names (docs/adr/0001)."""
    assert set(packages_distributions().get(package, [])) <= {DISTRIBUTION}


@pytest.mark.parametrize("package", PACKAGES)
def test_constraints_forbid_the_strangers(package: str):
    """Whoever bears one of our import names on the public index cannot be installed beside us."""
    assert f"{package.replace('_', '-')}<0\n" in (ROOT / "constraints.txt").read_text("utf-8")


def test_package_files_hold_a_docstring_only():
    """Importing one room never pulls in another: a package's own file says what it is and nothing else."""
    faulty = []
    for file in (file for file in modules() if file.name == "__init__.py"):
        body = ast.parse(file.read_text("utf-8")).body
        if len(body) != 1 or ast.get_docstring(ast.Module(body=body, type_ignores=[])) is None:
            faulty.append(named(file))
    assert not faulty, "\n".join(faulty)


def test_no_module_is_named_like_a_standard_one():
    """No module takes the name of one of the standard library, which it could shadow."""
    assert [named(file) for file in modules() if file.stem in sys.stdlib_module_names and file.stem != "__main__"] == []


def test_no_room_is_a_drawer():
    """No module is called after nothing in particular."""
    drawers = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "base"}
    assert [named(file) for file in (*modules(), *suite()) if file.stem in drawers] == []


def test_tests_are_no_package():
    """Tests are collected by file, never imported as a package that could shadow ours."""
    assert [named(file) for file in suite() if file.name == "__init__.py"] == []


def test_files_fit_in_the_head():
    """No file of code or tests is longer than one can hold in the head."""
    lengths = {named(file): file.read_text("utf-8").count("\n") for file in (*modules(), *suite())}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_every_test_says_what_it_asserts():
    """Each test's docstring is a sentence of behaviour."""
    faulty = []
    for file in suite():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                said = (ast.get_docstring(node) or "").strip()
                if not _is_sentence(said):
                    faulty.append(f"{named(file)}:{node.lineno} {node.name}")
    assert not faulty, "\n".join(faulty)


def test_no_test_is_skipped():
    """What is not tested must not look as if it were."""
    skipping = re.compile(r"pytest\.(?:skip|importorskip)|mark\.(?:sk" + r"ip|xfail)")
    assert [
        named(file) for file in suite() if file != Path(__file__) and skipping.search(file.read_text("utf-8"))
    ] == []


def test_no_number_looks_like_a_persons():
    """Samples, tests and packages hold no digits in the form of a Social Security number or of a telephone in use."""
    ssn = re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])")
    phone = re.compile(r"(?<![\w.-])(?:\+?1[-. ])?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}(?![\w-])")
    faulty = []
    for folder in ("samples", "tests", "specs/packages"):
        for file in (file for file in files() if file.is_relative_to(ROOT / folder)):
            text = file.read_text("utf-8", "replace")
            faulty += [named(file) for _ in ssn.finditer(text)]
            faulty += [
                f"{named(file)}: {found.group()}"
                for found in phone.finditer(text)
                if found.group() not in PUBLISHED and "555-01" not in found.group()
            ]
    assert not faulty, "\n".join(faulty)


def test_no_file_knows_the_machine_that_it_was_made_on():
    """No file names a place on somebody's disk, or the address of a package index."""
    faulty = [
        f"{named(file)}:{number}"
        for file in files()
        for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), start=1)
        if MACHINE.search(line) or INDEX.search(line)
    ]
    assert not faulty, "\n".join(faulty)


@pytest.mark.parametrize("setting", Settings.model_fields)
def test_every_setting_is_documented(setting: str):
    """Each setting stands in the guide under both of its names."""
    guide = (ROOT / "docs/guides/run-the-service.md").read_text("utf-8")
    assert f"| `{setting}` | `{PREFIX}{setting.upper()}` |" in guide


@pytest.mark.parametrize("command", [*commands(ecas, "ecas")])
def test_every_command_is_documented(command: str):
    """Each command stands in the README or in a guide."""
    assert any(re.search(rf"{command}\b", guide.read_text("utf-8")) for guide in GUIDES)


def test_every_command_is_listed():
    """The tables of commands, that of all and those of “ecas spec” and “ecas mapping”, and the modules beside them are the same."""
    found = {file.stem for file in (ROOT / "service/cli").glob("*.py") if "\ndef command(" in file.read_text("utf-8")}
    assert found == {*COMMANDS, *spec._ELSEWHERE.values(), *mapping._ELSEWHERE.values()}


def test_every_code_has_its_page():
    """Each code that our sources name has a page in docs/rules."""
    named_codes = {code for file in modules() for code in CODE.findall(file.read_text("utf-8"))}
    assert {code for code in named_codes if not (ROOT / f"docs/rules/{code}.md").exists()} == set()


def test_the_pages_of_the_rules_are_fresh():
    """Pages say what the rules say; “make docs” writes them."""
    newest = Catalog().versions()[-1].version
    assert rule_pages.stale(ROOT / "docs/rules", rule_pages.pages(Catalog().named(newest))) == []


def test_decisions_are_numbered():
    """Decisions are numbered from 1 without a gap, and each is titled with its number."""
    assert [file.name[:4] for file in ADRS] == [f"{number:04}" for number in range(1, len(ADRS) + 1)]
    assert [file.read_text("utf-8").partition(" · ")[0] for file in ADRS] == [f"# {file.name[:4]}" for file in ADRS]


@pytest.mark.parametrize("decision", ADRS, ids=lambda decision: decision.stem)
def test_decisions_have_their_parts(decision: Path):
    """Each decision tells context, decision and consequences, in that order, on half a page or a little more."""
    text = decision.read_text("utf-8")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.split()) < 450


def test_documents_name_files_that_exist():
    """Every file of ours that a document names in code is there."""
    path = re.compile(rf"`((?:{'|'.join(PACKAGES)}|tests|docs|samples|bench)/[\w./-]+\.\w+)`")
    missing = [
        f"{named(document)}: {name}"
        for document in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
        for name in path.findall(document.read_text("utf-8"))
        if not (ROOT / name).exists()
    ]
    assert not missing, "\n".join(missing)
