"""What ROS's linters look at, as tests, so that `colcon test` runs it too.

`ruff` stands for ament_flake8 and ament_pep257, with the project's own settings. ament_copyright wants a
notice in every file; here one LICENSE holds for all. ament_xmllint fetches its schema from the network; the
manifests are read by the parser that colcon and rosdep use instead.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
MANIFESTS = [REPOSITORY / "package.xml", REPOSITORY / "msg" / "package.xml"]
INTERFACES = sorted(
    [*(REPOSITORY / "msg" / "msg").glob("*.msg"), *(REPOSITORY / "msg" / "srv").glob("*.srv")]
)
YAML_FILES = sorted([*(REPOSITORY / "config").glob("*.yaml"), *(REPOSITORY / "config").glob("*.rviz")])
FIELD = re.compile(r"[a-z](?:_?[a-z0-9]+)*")
CONSTANT = re.compile(r"[A-Z](?:_?[A-Z0-9]+)*")
TYPE = re.compile(r"(?:[a-z][a-z0-9_]*/)?[A-Za-z][A-Za-z0-9]*(?:\[(?:<=)?\d*\])?")


@pytest.mark.parametrize("command", [["check"], ["format", "--check", "--diff"]], ids=lambda c: c[0])
def test_ruff(command: list[str]) -> None:
    if importlib.util.find_spec("ruff") is None:
        pytest.skip("needs ruff: pip install ruff")
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_package_is_under_the_license_of_the_repository() -> None:
    text = (REPOSITORY / "LICENSE").read_text("utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    for path in MANIFESTS:
        assert [e.text for e in ElementTree.parse(path).getroot().iter("license")] == ["Apache-2.0"]


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name)
def test_manifest_is_what_build_tools_take(path: Path) -> None:
    package = pytest.importorskip("catkin_pkg.package", reason="needs ROS 2: source its setup file")
    warnings: list[str] = []
    manifest = package.parse_package(str(path), warnings=warnings)
    manifest.validate(warnings=warnings)
    assert warnings == []
    build_type = manifest.get_build_type()
    assert build_type == ("ament_cmake" if path.parent.name == "msg" else "ament_python")


@pytest.mark.parametrize("path", INTERFACES, ids=lambda path: path.name)
def test_interface_follows_the_naming_rules(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    assert lines[0].startswith("#"), "the first line says what it is for"
    names = []
    for line in lines:
        assert line == line.rstrip()
        assert "\t" not in line
        assert len(line) <= 120
        declaration = line.partition("#")[0].strip()
        if declaration == "---":
            names = []
        elif declaration:
            kind, name, *rest = declaration.replace("=", " = ", 1).split()
            assert TYPE.fullmatch(kind), line
            assert (CONSTANT if rest[:1] == ["="] else FIELD).fullmatch(name), line
            assert name not in names, line
            names.append(name)


class _Strict(yaml.SafeLoader):
    """A loader that takes a key once only; YAML's own silently keeps the last."""


def _mapping(loader: _Strict, node: yaml.MappingNode) -> dict[Any, Any]:
    pairs = [
        (loader.construct_object(key), loader.construct_object(value, deep=True)) for key, value in node.value
    ]
    keys = [key for key, _ in pairs]
    assert len(set(keys)) == len(keys), f"a key stands twice: {keys}"
    return dict(pairs)


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: path.name)
def test_yaml_is_read_and_has_every_key_once(path: Path) -> None:
    assert yaml.load(path.read_text("utf-8"), _Strict)


def test_loader_refuses_a_key_that_stands_twice() -> None:
    with pytest.raises(AssertionError, match="twice"):
        yaml.load("a:\n  b: 1\n  b: 2\n", _Strict)
