from __future__ import annotations

from pathlib import Path

import pytest

from ssp_sam_training.config import ConfigError, load_config

CONFIGS = Path(__file__).resolve().parents[2] / "training" / "configs"

MINIMAL = """
variant: ssp_sam_tiny
stages:
  - {name: joint, steps: 5, pictures: 2, sentences: 3, lr: 6e-4, losses: {dice: 1}}
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return path


def test_every_shipped_configuration_loads() -> None:
    configs = sorted(CONFIGS.glob("*.yaml"))
    assert configs
    for path in configs:
        assert load_config(path).stages


def test_numbers_are_numbers_even_where_yaml_reads_text(tmp_path: Path) -> None:
    stage = load_config(written(tmp_path, MINIMAL)).stages[0]
    assert stage.lr == 6e-4
    assert stage.losses.dice == 1.0 and stage.losses.focal == 0.0
    assert stage.losses.needs_text and stage.losses.needs_mask


def test_command_line_wins_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, MINIMAL)
    config = load_config(path, ["seed=7", "stages.0.steps=9", "data.root=/elsewhere", "stages.0.losses.l1=5"])
    assert (config.seed, config.stages[0].steps, config.data.root) == (7, 9, "/elsewhere")
    assert config.stages[0].losses.l1 == 5.0


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["sed=1"], r"unknown key 'sed', did you mean 'seed'\? known: variant"),
        (["data.rot=x"], r"data: unknown key 'rot', did you mean 'root'\?"),
        (["stages.0.steps=many"], "steps: int is wanted, not 'many'"),
        (["stages.0.losses.dice=much"], "dice: a number is wanted"),
        (["stages.4.steps=1"], "no '4' to go into"),
        (["seed"], "key=value is wanted"),
        (["seed.x=1"], "no 'seed'|no '"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(written(tmp_path, MINIMAL + "seed: 1\n"), overrides)


def test_missing_key_and_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="key 'stages' is missing"):
        load_config(written(tmp_path, "variant: ssp_sam_tiny"))
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="not valid YAML"):
        load_config(written(tmp_path, "a: [1"))
