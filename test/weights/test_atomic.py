from __future__ import annotations

import pytest

from ssp_sam_ros.weights.atomic import written_atomically


def test_the_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "w"
    with written_atomically(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "w"
    path.write_text("old")
    with pytest.raises(KeyError), written_atomically(path) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
