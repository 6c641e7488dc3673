"""Documentation that can go stale is compared with the code, or run."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ssp_sam_ros.cli.main import COMMANDS
from ssp_sam_ros.interface.parameters import PARAMETERS, ParameterSpec
from ssp_sam_ros.interface.topics import SERVICES, TOPICS, Service, Topic

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted([REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *(REPOSITORY / "docs").rglob("*.md")])
INTERFACE = (REPOSITORY / "docs" / "interface.md").read_text("utf-8")
README = (REPOSITORY / "README.md").read_text("utf-8")


def topic_row(topic: Topic) -> str:
    kind = topic.type.replace("/msg/", "/")
    return f"| `{topic.name}` | {kind} | {topic.direction.value} | {topic.qos} | {topic.description} |"


def service_row(service: Service) -> str:
    return f"| `{service.name}` | {service.type.replace('/srv/', '/')} | {service.description} |"


def parameter_row(spec: ParameterSpec) -> str:
    change = "no" if spec.read_only else "yes"
    cells = (f"`{spec.name}`", spec.type, _literal(spec.default), _range(spec), change, spec.description)
    return f"| {' | '.join(cells)} |"


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(value)}]"
    return f'"{value}"' if value == "" else str(value)


def _range(spec: ParameterSpec) -> str:
    if spec.choices:
        return ", ".join(spec.choices)
    low, high = spec.minimum, spec.maximum
    if low is None and high is None:
        return ""
    return f"{-math.inf if low is None else low:g} to {math.inf if high is None else high:g}"


@pytest.mark.parametrize(
    "row",
    [
        *map(topic_row, TOPICS.values()),
        *map(service_row, SERVICES.values()),
        *map(parameter_row, PARAMETERS.values()),
    ],
)
def test_interface_page_has_every_row_of_the_tables(row: str) -> None:
    assert row in INTERFACE.splitlines()


def test_interface_page_has_no_other_rows() -> None:
    rows = [line for line in INTERFACE.splitlines() if line.startswith("| `")]
    assert len(rows) == len(TOPICS) + len(SERVICES) + len(PARAMETERS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    missing = [t for t in targets if t and "://" not in t and not (page.parent / t).exists()]
    assert missing == []


def test_readme_names_every_command() -> None:
    named = set(re.findall(r"^\| `ssp-sam (\w+)", README, flags=re.MULTILINE))
    assert named == set(COMMANDS)


def test_readme_example_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
