"""A span of time as people type it: 90m, 12h, 7d."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

import click

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_SPAN: Final = re.compile(r"([1-9][0-9]{0,4})([mhd])")


class Span(click.ParamType[timedelta]):
    """A number and its unit."""

    name = "span"

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return the span."""
        if isinstance(value, timedelta):
            return value
        found = _SPAN.fullmatch(value)
        if found is None:
            self.fail("A span is a number and m, h or d, for example 7d.", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})
