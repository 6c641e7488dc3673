from __future__ import annotations

import argparse
import json

import pytest

from ssp_sam_ros.cli import parity
from ssp_sam_ros.perception.parity import ParityReport


def arguments(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parity.add_arguments(parser)
    return parser.parse_args(given)


def test_the_fixtures_of_the_source_tree_are_the_default(repository):
    args = arguments()
    assert args.reference == repository / "test" / "data" / "reference"
    assert (args.reference / "golden_336_seed2.npz").is_file()


@pytest.mark.parametrize(("error", "code"), [(1e-6, 0), (1e-4, 1)])
def test_one_json_object_and_the_exit_code(monkeypatch, capsys, error, code):
    """The comparison itself is tested in test/perception/test_parity.py."""
    asked = []

    def check(*given):
        asked.append(given[1:])
        return ParityReport({"prompts": error, "token_ids": 0.0}, 0.0, (1.0, 0.9995))

    monkeypatch.setattr("ssp_sam_ros.perception.parity.check_parity", check)
    assert parity.run(arguments("--variant", "336", "--seed", "2")) == code
    assert asked == [("336", 2, "float32", "cpu")]
    printed = json.loads(capsys.readouterr().out)
    assert (printed["dtype"], printed["mask_iou"]) == ("float32", [1.0, 0.9995])
    assert printed["bounds"] == {"relative": 2e-5, "pixels": 0.01, "mask_iou": 0.999}
    assert printed["relative_error"] == {"prompts": error, "token_ids": 0.0}
    assert printed["failures"] == (["prompts"] if code else [])


def test_a_folder_without_fixtures(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"golden_224_seed1\.npz"):
        parity.run(arguments("--reference", str(tmp_path)))
