"""The list of metrics is what the code counts, and every alert rule and every service level rests on one of them."""

import ast
import re

from tests.contract.metrics_document import DOCUMENT, collectors, document

CHECKOUT = DOCUMENT.parents[1]
RULES = CHECKOUT / "helm" / "pennyprotect" / "dashboards" / "rules.yaml"
SLO = CHECKOUT / "docs" / "slo.md"
NAME = re.compile(r"\bpennyprotect_\w+")


def known() -> set[str]:
    """Every series' name."""
    names = set()
    for name, metric in collectors().items():
        names |= {name} if metric._type != "histogram" else {f"{name}_{part}" for part in ("bucket", "count", "sum")}
    return names


def test_the_document_is_generated_from_the_code() -> None:
    assert DOCUMENT.read_text("utf-8") == document(), "run `python -m tests.contract.metrics_document`"


def test_every_metric_of_the_code_is_found() -> None:
    """Declared names, read from the source without running it."""
    declared = set()
    for path in (CHECKOUT / "app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args or not isinstance(node.args[0], ast.Constant):
                continue
            kind = getattr(node.func, "id", "")
            if kind in ("counter", "gauge", "histogram") and isinstance(node.args[0].value, str):
                declared.add(f"pennyprotect_{node.args[0].value}")
            if kind in ("Counter", "Gauge", "Histogram") and isinstance(node.args[0].value, str):
                declared.add(node.args[0].value)
    assert len(declared) > 30
    assert {name.removesuffix("_total") for name in collectors()} == {name.removesuffix("_total") for name in declared}


def test_every_rule_rests_on_a_metric_that_exists() -> None:
    used = set(NAME.findall(RULES.read_text("utf-8")))
    assert len(used) > 8
    assert used <= known()


def test_the_service_levels_are_those_of_the_rules() -> None:
    rules, text = RULES.read_text("utf-8"), SLO.read_text("utf-8")
    assert set(NAME.findall(text)) <= known() | set(collectors())
    alerts = set(re.findall(r"alert: (\w+)", rules))
    assert set(re.findall(r"`(PennyProtect\w+)`", text)) == alerts
    burn = sorted(set(re.findall(r"> ([\d.]+) \* 0\.001", rules)), key=float)
    assert burn == ["6", "14.4"]
    assert all(f"{each} times" in text for each in burn)
    assert 'le="1.0"' in rules
    assert "99.9 %" in text
    assert "within 1 s" in text
