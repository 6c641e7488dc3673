from __future__ import annotations

from pathlib import Path

import pytest

from ssp_sam_ros.interface.parameter_files import parameters_of


def write(folder: Path, text: str) -> Path:
    path = folder / "params.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [
        ("/**", True),
        ("ssp_sam", False),
        ("/robot/ssp_sam", True),
        ("/*/ssp_sam", True),
        ("/*", False),
        ("/**/ssp_sam", True),
        ("/robot/**", True),
        ("/other/**", False),
        ("/*/*/ssp_sam", False),
    ],
)
def test_node_patterns(tmp_path: Path, pattern: str, matches: bool) -> None:
    path = write(tmp_path, f'"{pattern}":\n  ros__parameters:\n    max_rate: 3.0\n')
    assert parameters_of(path, "/robot/ssp_sam") == ({"max_rate": 3.0} if matches else {})


def test_nested_names_and_namespaces_and_order(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
/**:
  ros__parameters:
    max_rate: 1.0
    device: cpu
    qos_overrides:
      /camera/image_raw:
        subscription:
          reliability: reliable
robot:
  ssp_sam:
    ros__parameters:
      max_rate: 2.0
""",
    )
    assert parameters_of(path, "/robot/ssp_sam") == {
        "max_rate": 2.0,
        "device": "cpu",
        "qos_overrides./camera/image_raw.subscription.reliability": "reliable",
    }
    assert parameters_of(path, "/ssp_sam")["max_rate"] == 1.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "not YAML"),
        ("- 1", "node names"),
        ("max_rate: 3", "ros__parameters"),
        ("ros__parameters: {a: 1}", "needs a node name"),
        ("!!python/object/apply:os.getcwd []", "not YAML"),
        ("a: 2026-02-30", "not YAML"),
        ("[" * 5000, "nested too deeply"),
        ("/**:\n  ros__parameters: &a\n    b: *a", "holds itself"),
        ("/**: &a\n  b: *a", "holds itself"),
    ],
)
def test_bad_files(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parameters_of(write(tmp_path, text), "/ssp_sam")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nothing\.yaml: No such file"):
        parameters_of(tmp_path / "nothing.yaml", "/ssp_sam")
