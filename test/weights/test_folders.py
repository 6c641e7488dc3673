from __future__ import annotations

from pathlib import Path

from ssp_sam_ros.weights.folders import find_file, weights_folders


def test_the_order(monkeypatch, tmp_path):
    monkeypatch.setenv("SSP_SAM_WEIGHTS", f"/b:{tmp_path}::/a")
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    expected = ("/a", "/b", str(tmp_path), "/data/ssp_sam_ros/weights")
    assert weights_folders(["/a"]) == tuple(map(Path, expected))


def test_the_users_data_folder(monkeypatch):
    monkeypatch.delenv("SSP_SAM_WEIGHTS", raising=False)
    monkeypatch.setenv("HOME", "/home/somebody")
    default = (Path("/home/somebody/.local/share/ssp_sam_ros/weights"),)
    for value in ("", "relative/to/nothing"):
        monkeypatch.setenv("XDG_DATA_HOME", value)
        assert weights_folders() == default
    monkeypatch.setenv("SSP_SAM_WEIGHTS", "~/weights")
    assert weights_folders()[0] == Path("/home/somebody/weights")


def test_a_user_without_a_home(monkeypatch):
    def no_home():
        raise RuntimeError("no home")

    monkeypatch.delenv("SSP_SAM_WEIGHTS", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    assert weights_folders() == ()


def test_the_first_folder_with_the_file_wins(tmp_path):
    first, second, third = (tmp_path / name for name in "abc")
    for folder in (second, third):
        folder.mkdir()
        (folder / "w.pth").touch()
    (second / "folder.pth").mkdir()
    assert find_file("w.pth", [first, second, third]) == second / "w.pth"
    assert find_file("folder.pth", [second]) is None
