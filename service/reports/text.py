"""The report that people read: each fault once, where it is, what it is, and how to get rid of it."""

from __future__ import annotations

import os
import sys
from textwrap import TextWrapper
from typing import TYPE_CHECKING, Final, NamedTuple

from service.reports.conformance import caveat, label, losses, tally, verdict
from service.reports.printable import printable
from service.reports.run import by_weight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from canonical.assessment import Source
    from canonical.desk import Desk
    from canonical.finding import Finding
    from service.reports.run import Checked, Run

#: Columns of a line where the terminal does not say; nobody reads longer ones with pleasure.
_WIDTH: Final = 100
#: Below this, text that is wrapped reads worse than text that is not.
_NARROW: Final = 40
#: Further places of the same fault that are listed; the machine-readable reports list all.
_PLACES: Final = 5
_MARGIN: Final = 8
_COLORS: Final = {"error": "31", "hold": "35", "unchecked": "33", "warning": "33", "advice": "36"}


class Style(NamedTuple):
    """How the text looks: colours on a terminal, none elsewhere."""

    color: bool = False
    width: int = _WIDTH

    def paint(self, text: str, code: str) -> str:
        """Return the text in an ANSI style, where colours are wanted."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.color else text


def write(run: Run) -> str:
    """Return the report without colours, for a file or a pipe."""
    return styled(run, Style())


def terminal_style() -> Style:
    """Return the style that standard output asks for; NO_COLOR (no-color.org) is honoured."""
    if not sys.stdout.isatty():
        return Style()
    width = min(_WIDTH, os.get_terminal_size(sys.stdout.fileno()).columns or _WIDTH)
    return Style(color=not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb", width=max(width, _NARROW))


def styled(run: Run, style: Style) -> str:
    """Return the report in this style; it ends with the verdict."""
    lines: list[str] = []
    for payload in run.payloads:
        for group in _groups(payload):
            lines += [*_block(payload, group, style), ""]
    lines += _desks(run, style)
    lines += [*filter(None, (tally(run), losses(run))), _emphasised(verdict(run), style)]
    if note := caveat(run):
        lines.append(style.paint(note, "2"))
    return "\n".join(lines) + "\n"


def place(source: Source) -> str:
    """Return ``file:line:column`` as editors and terminals follow it, as far as it is known."""
    return ":".join(printable(str(part)) for part in (source.file, source.line, source.column) if part is not None)


def reach(desk: Desk) -> str:
    """Return how a desk is reached, in one line."""
    return ", ".join(filter(None, (desk.name, desk.phone, desk.email)))


def _desks(run: Run, style: Style) -> list[str]:
    """Tell once, at the end, what to say to each desk that a finding names."""
    desks = dict.fromkeys(finding.desk for finding in run.findings if finding.desk and finding.desk.say)
    lines: list[str] = []
    for desk in desks:
        lines.append(f"{style.paint('Ask', '2')} {reach(desk)}")
        lines += [*_paragraph("say", f"“{desk.say}”", style), ""]
    return lines


def _groups(payload: Checked) -> list[list[Finding]]:
    """Put the same fault of many rows together: one mistake in a mapping is one thing to mend."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in by_weight(payload.all_findings):
        groups.setdefault((finding.rule, finding.message, *finding.items), []).append(finding)
    return list(groups.values())


def _block(payload: Checked, group: list[Finding], style: Style) -> Iterator[str]:
    """Tell about one fault: its head, then a paragraph for each thing that somebody wants to know."""
    finding, *others = group
    word = label(finding)
    where = place(finding.sources[0]) if finding.sources else printable(payload.name)
    head = f"{word} {finding.rule}"
    yield f"{style.paint(where, '1')}: {style.paint(head, _COLORS[word])} {style.paint(finding.title, '1')}"
    for name, text in _paragraphs(finding, others):
        yield from _paragraph(name, text, style)


def _paragraphs(finding: Finding, others: list[Finding]) -> Iterator[tuple[str, str]]:
    yield "item", ", ".join(finding.items)
    yield "where", printable(finding.sources[0].label) if finding.sources else ""
    for source in finding.sources[1:]:
        yield "and", f"{place(source)} {printable(source.label)}"
    yield from _further(others)
    yield "what", finding.message
    yield "why", finding.why
    yield "fix", finding.fix
    yield "ask", reach(finding.desk) if finding.desk else ""
    yield "cites", ", ".join(finding.cites)


def _further(others: list[Finding]) -> Iterator[tuple[str, str]]:
    """List some further places of the same fault, and count the rest."""
    for other in others[:_PLACES]:
        yield "also", " ".join(f"{place(source)} {printable(source.label)}" for source in other.sources[:1])
    if len(others) > _PLACES:
        yield "also", f"{len(others) - _PLACES} more places"


def _paragraph(name: str, text: str, style: Style) -> list[str]:
    """Lay one paragraph out beside its name; places stay whole so that they can be followed."""
    if not text.strip():
        return []
    wrapper = TextWrapper(
        width=style.width - _MARGIN - 2, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )
    first, *rest = wrapper.wrap(text)
    return [f"  {style.paint(f'{name:<{_MARGIN - 1}}', '2')} {first}", *(f"{'':{_MARGIN + 2}}{line}" for line in rest)]


def _emphasised(sentence: str, style: Style) -> str:
    """Turn the asterisks of the verdict into bold where the terminal can; elsewhere they are the emphasis."""
    if not style.color:
        return sentence
    before, *pieces = sentence.split("*")
    return before + "".join(style.paint(piece, "1") if index % 2 == 0 else piece for index, piece in enumerate(pieces))
