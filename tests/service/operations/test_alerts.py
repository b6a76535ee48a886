from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).parents[3]
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "docs/alerts.rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
GUIDE = (ROOT / "docs/guides/operate.md").read_text("utf-8")
TOKEN = "a token that is long enough"
_METRIC = re.compile(r"\becas_\w+")
_SELECTOR = re.compile(r"(ecas_\w+)\{([^}]*)\}")
_HISTOGRAM = re.compile(r"_(?:bucket|sum|count)$")


def _anchors() -> set[str]:
    headings = re.findall(r"^#+ (.*)$", GUIDE, re.MULTILINE)
    return {heading.lower().replace(" ", "-") for heading in headings}


@pytest.fixture
def exposed(start) -> dict[str, set[str]]:
    """Return the labels of every metric that a service with something in it exposes, by name."""
    running = start(metrics_token=TOKEN)
    running.submit("k")
    running.ask("GET", "/readyz")
    text = running.ask("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})[2].decode()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        found.setdefault(name, set()).update(label for sample in family.samples for label in sample.labels)
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_has_a_runbook(rule):
    """Each says how bad it is and in a sentence what is wrong, and points to a paragraph that says what to do."""
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith(".")
    place, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert (ROOT / place).is_file()
    assert anchor in _anchors()


def test_every_runbook_has_an_alert():
    """A paragraph that no alert leads to is read by nobody."""
    (_, runbooks) = GUIDE.split("\n## Alerts\n")
    named = {rule["annotations"]["runbook"].partition("#")[2] for rule in RULES}
    assert {heading.lower().replace(" ", "-") for heading in re.findall(r"^### (.*)$", runbooks, re.MULTILINE)} == named
    assert len({rule["alert"] for rule in RULES}) == len(RULES)


def test_every_metric_of_an_alert_exists(exposed):
    """An alert over a metric that nobody exposes never fires: each name is one that a running service shows."""
    named = {_HISTOGRAM.sub("", name) for rule in RULES for name in _METRIC.findall(rule["expr"])}
    assert named <= set(exposed)


def test_every_metric_of_the_guide_exists(exposed):
    """The guide names metrics by the names that they have."""
    named = set(re.findall(r"`(ecas_[a-z_]+)`", GUIDE))
    assert named <= set(exposed)
    shown = {name for name in exposed if name.startswith("ecas_")} - {"ecas_build_info"}
    assert shown <= named


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_expression_is_balanced(rule):
    """Parentheses and braces close, and every selector compares a label with a quoted text."""
    expression = rule["expr"]
    assert all(expression.count(left) == expression.count(right) for left, right in ("()", "{}", "[]"))
    for _, inside in _SELECTOR.findall(expression):
        assert all(re.fullmatch(r'\s*\w+=~?"[^"]+"\s*', part) for part in inside.split(","))
