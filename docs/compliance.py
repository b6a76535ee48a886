"""Writes docs/compliance.md from docs/controls.toml (make docs); “--check” only says whether it is current."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PAGE = HERE / "compliance.md"
CONTROLS = HERE / "controls.toml"
_HEAD = """\
# Controls

<!-- Written from docs/controls.toml by docs/compliance.py (make docs); edit that. -->

One paragraph for each item: what we do, where, what proves it, and what is left to whoever runs the service. A test
fails where one of the tests or files named here is gone, or an item is missing. This is not legal advice, and running
ecas-bridge makes nobody compliant with anything.
"""


def read() -> dict[str, Any]:
    """Return the sources and their controls."""
    return tomllib.loads(CONTROLS.read_text("utf-8"))


def page(told: Mapping[str, Any]) -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *_summary(told), *(line for source in told["source"] for line in _source(source, told))])


def _summary(told: Mapping[str, Any]) -> Iterator[str]:
    yield "| source | items | tests |\n|---|---|---|"
    for source in told["source"]:
        controls = _of(source, told)
        tests = {test for control in controls for test in control["tests"]}
        yield f"| {source['title']} | {len(controls)} of {len(source['items'])} | {len(tests)} |"
    yield ""


def _source(source: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {source['title']}\n"
    for control in _of(source, told):
        strength = f" ({control['strength']})" if control["strength"] else ""
        yield f"### {control['cite']} {control['title']}{strength}\n"
        yield f"{control['control']}\n"
        yield f"- where: {', '.join(f'`{file}`' for file in control['files'])}"
        yield from (f"- proved by `{test}`" for test in control["tests"])
        yield f"- left to the operator: {control['operator']}\n"


def _of(source: Mapping[str, Any], told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    by_cite = {control["cite"]: control for control in told["control"]}
    return [by_cite[item] for item in source["items"] if item in by_cite]


def main() -> int:
    """Write the page, or compare it."""
    written = page(read())
    if "--check" in sys.argv:
        return int(not PAGE.is_file() or PAGE.read_text("utf-8") != written)
    PAGE.write_text(written, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
