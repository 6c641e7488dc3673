from __future__ import annotations

from pathlib import Path

import pytest

from ssp_sam_training.config import ConfigError, Losses, load_config
from ssp_sam_training.starting import configured_variant

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
    configs = sorted(CONFIGS.rglob("*.yaml"))
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


def test_a_file_may_build_on_another(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(MINIMAL + "seed: 1\ndata: {root: here, dataset: refcoco}\n")
    (tmp_path / "config.yaml").write_text("base: base.yaml\ndata: {root: there}\nstages: [{steps: 7}]\n")
    config = load_config(tmp_path / "config.yaml", ["data.dataset=grefcoco"])
    assert (config.seed, config.data.root, config.data.dataset) == (1, "there", "grefcoco")
    assert (config.stages[0].steps, config.stages[0].pictures) == (7, 2)
    (tmp_path / "base.yaml").write_text("base: config.yaml\n")
    with pytest.raises(ConfigError, match="comes round to itself"):
        load_config(tmp_path / "config.yaml")


def test_the_recipes_are_the_papers() -> None:
    """network.md, "Losses": what no configuration of the paper may lose."""
    recipes = {path.stem: load_config(path) for path in CONFIGS.rglob("*.yaml") if path.parent.name != "base"}
    starts = ("ref", "gref", "phrasecut", "table0", "table1")
    fine = [config for name, config in recipes.items() if name.startswith(starts)]
    assert len(fine) == 10 + 6 + 19
    for config in fine:
        (stage,) = config.stages
        assert (stage.epochs, stage.batch, stage.lr, stage.warmup, stage.best) == (80, 64, 1e-4, 5, "giou")
        assert (stage.lr_start, stage.lr_end, stage.mask_decoder_lr) == (1e-6, 1e-6, 0.1)
        assert stage.losses.focal == stage.losses.dice == 4 and stage.items == "reference"
        assert config.optimiser.gradient_norm == 0.1 and config.optimiser.weight_decay == 1e-4
    for size in (224, 336):
        config = recipes[f"pretraining_{size}"]
        (stage,) = config.stages
        assert (config.variant, stage.epochs, stage.batch, stage.warmup) == (f"ssp_sam_{size}", 20, 128, 0)
        assert (stage.items, stage.longest_sentence, stage.best) == ("sentence", 40, "box_acc")
        assert stage.losses == Losses(l1=5, giou=2)
    assert recipes["refcoco_336"].stages[0].mask_decoder_from == 20
    assert recipes["table10_frozen_decoder_336"].stages[0].frozen[-1] == "mask_decoder"


@pytest.mark.parametrize("path", sorted(CONFIGS.rglob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipes_variant_can_be_built(path: Path) -> None:
    config = load_config(path)
    assert configured_variant(config, ["the mug"]).name == config.variant
    assert path.read_text().startswith("# ")


def test_every_table_has_its_configurations() -> None:
    texts = "\n".join(path.read_text() for path in CONFIGS.rglob("*.yaml"))
    for table in (
        "II ",
        "III,",
        "IV ",
        "V,",
        "VI,",
        "VIII,",
        "IX,",
        "X,",
        "XI,",
        "XII,",
        "XIII,",
        "XIV,",
        "XV,",
    ):
        assert f"Table {table}" in texts or f"Tables {table}" in texts or f"and {table}" in texts, table


def test_further_sets_want_stages_of_scenes(tmp_path: Path) -> None:
    more = "data: {more: [{root: there, pictures: 5}]}\n"
    assert load_config(written(tmp_path, MINIMAL + more)).data.more[0].pictures == 5
    items = MINIMAL.replace("steps: 5", "epochs: 5").replace("pictures: 2", "batch: 2")
    with pytest.raises(ConfigError, match=r"config\.yaml: data\.more wants stages of scenes"):
        load_config(written(tmp_path, items + more))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("steps: 5, best: box_acc", r"best box_acc: this stage's validation does not compute it"),
        ("epochs: 5, batch: 2, best: giou", r"best giou: this stage's validation does not compute it"),
        (
            "epochs: 5, batch: 2, longest_sentence: 9",
            r"longest_sentence wants epochs, batch and items: sentence",
        ),
        ("steps: 5, random_place: true", r"random_place wants items"),
        ("epochs: 5, batch: 2, kind_weights: {place: 1}", r"kind_weights wants scenes"),
        ("epochs: 5, batch: 2, root: data/tabletop", r"root wants scenes"),
        ("steps: 5, root: elsewhere", r"root elsewhere is none of the data's: data/tabletop"),
    ],
)
def test_what_a_stage_would_not_heed_is_refused(tmp_path: Path, change: str, said: str) -> None:
    scenes = "pictures: 2, losses: {dice: 1}" if "steps" in change else "losses: {l1: 1}"
    text = f"variant: ssp_sam_tiny\nstages:\n  - {{name: one, {change}, {scenes}}}\n"
    with pytest.raises(ConfigError, match=said):
        load_config(written(tmp_path, text))


def test_stages_are_told_by_their_names(tmp_path: Path) -> None:
    stage = "  - {name: joint, steps: 5, pictures: 2, sentences: 3, losses: {dice: 1}}\n"
    with pytest.raises(ConfigError, match="two stages have the same name"):
        load_config(written(tmp_path, MINIMAL + stage))
