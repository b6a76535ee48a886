"""The pages that are written from data: current, complete, and true about the tests and files that they name."""

from __future__ import annotations

import ast
import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from service.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
#: The standards and specifications of 45 CFR 164.312, and the ten of OWASP: none may be missing.
HIPAA = (
    "(a)(1)", "(a)(2)(i)", "(a)(2)(ii)", "(a)(2)(iii)", "(a)(2)(iv)", "(b)", "(c)(1)", "(c)(2)", "(d)", "(e)(1)",
    "(e)(2)(i)", "(e)(2)(ii)",
)  # fmt: skip
ITEMS = {f"164.312{item}" for item in HIPAA} | {f"API{number}:2023" for number in range(1, 11)}
STRENGTHS = {"standard", "required", "addressable"}


def module(name: str) -> ModuleType:
    """Load a script that stands beside its page."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / f"docs/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


COMPLIANCE, CONFIGURATION = module("compliance"), module("configuration")
TOLD = COMPLIANCE.read()


@cache
def collected(file: str) -> frozenset[str]:
    """Return the tests that pytest would collect from a file: functions of that name at its top, none of them nested."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in tree.body if isinstance(node, kinds) and node.name.startswith("test_"))


def dangling(told: dict) -> list[str]:
    """Return each test and file that a control names and that is not there."""
    missing = []
    for control in told["control"]:
        missing += [f"{control['cite']}: {file}" for file in control["files"] if not (ROOT / file).is_file()]
        for test in control["tests"]:
            file, _, name = test.partition("::")
            name = name.partition("[")[0]
            if not (ROOT / file).is_file() or not Path(file).name.startswith("test_") or name not in collected(file):
                missing.append(f"{control['cite']}: {test}")
    return missing


def test_every_named_test_and_file_is_there():
    """No control rests on a test that nobody runs."""
    assert dangling(TOLD) == []


@pytest.mark.parametrize(
    "planted",
    [
        {"tests": ["tests/test_written_pages.py::test_that_nobody_wrote"]},
        {"tests": ["tests/test_of_nothing.py::test_x"]},
        {"tests": ["tests/test_written_pages.py::dangling"]},
        {"files": ["service/nothing.py"]},
    ],
)
def test_a_dangling_name_is_found(planted):
    """The check above sees what it is there for."""
    control = {**TOLD["control"][0], **planted}
    assert len(dangling({"control": [control]})) == 1


def test_no_item_is_missing():
    """Every item of each source has one control with a test, and what is left is said."""
    cites = [control["cite"] for control in TOLD["control"]]
    listed = [item for source in TOLD["source"] for item in source["items"]]
    assert set(listed) >= ITEMS
    assert sorted(cites) == sorted(listed)
    for control in TOLD["control"]:
        assert control["tests"], control["cite"]
        assert control["files"], control["cite"]
        assert control["operator"].endswith(".")
        assert (control["strength"] in STRENGTHS) is control["cite"].startswith("164.")


@pytest.mark.parametrize("script", [COMPLIANCE, CONFIGURATION], ids=lambda script: script.PAGE.name)
def test_the_page_is_current(script):
    """“make docs” was run after the last change."""
    written = script.page(TOLD) if script is COMPLIANCE else script.page()
    assert script.PAGE.read_text("utf-8") == written


def test_every_setting_has_its_line():
    """Each stands on the page under both names, with who reads it; every secret is said to be one."""
    page = CONFIGURATION.PAGE.read_text("utf-8")
    assert CONFIGURATION.READ_BY.keys() == Settings.model_fields.keys()
    for name, field in Settings.model_fields.items():
        assert f"| `{name}` | `{PREFIX}{name.upper()}` | {CONFIGURATION.kind(name, field)} |" in page
        secret = "SecretStr" in str(field.annotation) or name.endswith(("key_file", "_certificate_key"))
        assert ("**secret**" in CONFIGURATION.kind(name, field)) is secret, name
