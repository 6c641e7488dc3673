"""What leaves the repository as a package is complete, and its descriptions agree with each other."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import ssp_sam_ros

REPOSITORY = Path(__file__).resolve().parents[1]
MANIFESTS = [REPOSITORY / "package.xml", REPOSITORY / "msg" / "package.xml"]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def _pins() -> list[Requirement]:
    lines = (REPOSITORY / "constraints.txt").read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel built from the files git knows or would take, as `pip install .` builds one from a clone."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
    )
    if listed.returncode != 0:
        pytest.skip("needs a git checkout")
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (REPOSITORY / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((REPOSITORY / name).read_bytes())
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, "-w", out, source], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(out.glob("*.whl")))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "pattern"),
    [
        ("ssp_sam_ros", "**/*.py"),
        ("ssp_sam_ros/network/variants", "*.json"),
        ("ssp_sam_ros/assets", "**/*.*"),
        ("ssp_sam_ros/speech", "*.yaml"),
    ],
)
def test_wheel_has_every_file(wheel: zipfile.ZipFile, folder: str, pattern: str) -> None:
    expected = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / folder).glob(pattern)}
    assert expected
    assert expected - set(wheel.namelist()) == set()


@pytest.mark.slow
def test_wheel_carries_the_message_definitions(wheel: zipfile.ZipFile) -> None:
    for path in [*(REPOSITORY / "msg/msg").glob("*.msg"), *(REPOSITORY / "msg/srv").glob("*.srv")]:
        inside = f"ssp_sam_ros/interface/ssp_sam_msgs/{path.parent.name}/{path.name}"
        assert wheel.read(inside) == path.read_bytes()


@pytest.mark.slow
def test_wheel_registers_with_the_ament_index(wheel: zipfile.ZipFile) -> None:
    shared = {name.partition(".data/data/")[2] for name in wheel.namelist()}
    assert "share/ament_index/resource_index/packages/ssp_sam_ros" in shared
    assert {"share/ssp_sam_ros/package.xml", "share/ssp_sam_ros/config/perception.yaml"} <= shared


@pytest.mark.slow
def test_wheel_holds_the_package_only(wheel: zipfile.ZipFile) -> None:
    roots = {name.split("/")[0] for name in wheel.namelist()}
    assert {root for root in roots if not root.startswith("ssp_sam_ros-")} == {"ssp_sam_ros"}


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name)
def test_manifest_agrees_with_the_package(path: Path) -> None:
    manifest = ElementTree.parse(path).getroot()
    assert manifest.get("format") == "3"
    assert manifest.findtext("version") == ssp_sam_ros.__version__
    assert manifest.findtext("license") == "Apache-2.0"
    email = manifest.find("maintainer").get("email")  # type: ignore[union-attr]
    # colcon silently takes a package with an invalid address for plain CMake.
    assert re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", email or "")


def test_installed_version_is_the_package_version() -> None:
    from importlib.metadata import version

    assert version("ssp_sam_ros") == ssp_sam_ros.__version__


@pytest.mark.parametrize("python", PYTHONS)
def test_every_pin_is_exact_and_single(python: str) -> None:
    environment = {"python_version": python}
    names = []
    for pin in _pins():
        assert re.fullmatch(r"==[\w.]+", str(pin.specifier)), pin
        if pin.marker is None or pin.marker.evaluate(environment):
            names.append(canonicalize_name(pin.name))
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("python", PYTHONS)
def test_every_requirement_is_pinned_within_its_bounds(python: str) -> None:
    from importlib.metadata import requires

    pins = {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in _pins()
        if pin.marker is None or pin.marker.evaluate({"python_version": python})
    }
    for text in requires("ssp_sam_ros") or []:
        requirement = Requirement(text)
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), text
