"""The trainer on a small set: it learns, goes on exactly where it stopped, names what is wrong."""

from __future__ import annotations

import csv
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from train import main

from ssp_sam_ros.weights import load_network
from ssp_sam_training.config import ConfigError, Data, Losses, More, Optimiser, Stage, TrainConfig
from ssp_sam_training.export import export_weights
from ssp_sam_training.loop import Trainer, TrainingError, learning_rate
from ssp_sam_training.optimisers import Optimisers

EVERYTHING = Losses(
    focal=1.0,
    bce=1.0,
    dice=1.0,
    l1=1.0,
    giou=1.0,
    patch=1.0,
    presence=1.0,
    align=1.0,
    dense=1.0,
    choice=1.0,
    align_choice=1.0,
)


def config(root: Path, variant: str, **changes: object) -> TrainConfig:
    stages = (
        Stage("dense", 2, Losses(dense=1.0), pictures=2, lr=1e-3, warmup=1),
        Stage("joint", 6, EVERYTHING, pictures=2, sentences=3, lr=1e-3, warmup=2),
    )
    fields = {
        "stages": stages,
        "data": Data(root=str(root)),
        "autocast": False,
        "validation_pictures": 2,
    } | changes
    return TrainConfig(variant=variant, **fields)  # type: ignore[arg-type]


def train(config: TrainConfig, out: Path, minutes: float | None = None) -> Trainer:
    trainer = Trainer(config, out, torch.device("cpu"))
    trainer.run(minutes)
    return trainer


def test_stopping_and_going_on_gives_the_same_weights(root: Path, variant: str, tmp_path: Path) -> None:
    whole = train(config(root, variant), tmp_path / "whole")
    out = tmp_path / "pieces"
    for _ in range(20):  # zero minutes: every run stops after one step
        pieces = train(config(root, variant), out, minutes=0.0)
        if pieces.stage == 2:
            break
    assert (pieces.stage, pieces.sentences) == (2, whole.sentences) == (2, 36)
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, pieces.net.state_dict()[name]), name
    for name, value in whole.average.state_dict().items():
        assert torch.equal(value, pieces.average.state_dict()[name]), name


def test_loss_falls_on_a_set_this_small(root: Path, variant: str, tmp_path: Path) -> None:
    stage = Stage("joint", 60, EVERYTHING, pictures=4, sentences=3, lr=3e-3, warmup=5)
    losses: list[float] = []
    trainer = Trainer(config(root, variant, stages=(stage,)), tmp_path / "out", torch.device("cpu"))
    update = trainer.update
    trainer.update = lambda *a: losses.append((r := update(*a))[0]["loss"]) or r  # type: ignore[method-assign,func-returns-value]
    trainer.run()
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_exported_weights_load_into_the_package(root: Path, variant: str, tmp_path: Path) -> None:
    trainer = train(config(root, variant, domain="coloured rectangles"), tmp_path / "out")
    net, info = load_network(variant, export_weights(trainer))
    assert info.domain == "coloured rectangles"
    for name, value in trainer.average.state_dict().items():
        if value.is_floating_point():
            assert torch.equal(value.half().float(), net.state_dict()[name].float()), name


def test_a_run_may_start_from_weights_of_other_words_and_coarser_masks(
    root: Path, variant: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    raw = json.loads(Path(variant).read_text())
    raw["extensions"]["fine_mask"] = False
    Path(variant).write_text(json.dumps(raw))
    first = export_weights(train(config(root, variant), tmp_path / "first"))
    raw["text"] |= {"context": 14, "vocabulary": sorted([*raw["text"]["vocabulary"], "aardvark"])}
    raw["extensions"]["fine_mask"] = True
    Path(variant).write_text(json.dumps(raw))
    trainer = train(config(root, variant, start=str(first)), tmp_path / "second")
    assert "with fresh values begin 1 words and sam.fine_mask" in caplog.text
    assert torch.any(trainer.net.sam.fine_mask.weights.weight != 0), "the finer step was never trained"
    net, _ = load_network(variant, export_weights(trainer))
    assert "aardvark" in net.variant.vocabulary and net.variant.mask_stride == 2


def test_a_further_set_joins_the_training_split_alone(root: Path, variant: str, tmp_path: Path) -> None:
    data = Data(root=str(root), more=(More(str(root), pictures=1),))
    trainer = Trainer(config(root, variant, data=data), tmp_path / "out", torch.device("cpu"))
    alone = Trainer(config(root, variant), tmp_path / "alone", torch.device("cpu")).sources
    assert len(trainer.sources.scenes.picture_ids) == len(alone.scenes.picture_ids) + 1
    assert len(trainer.sources.validation_scenes.picture_ids) == len(alone.validation_scenes.picture_ids)


def test_validation_is_logged_with_its_kinds(root: Path, variant: str, tmp_path: Path) -> None:
    train(config(root, variant), tmp_path / "out")
    with (tmp_path / "out" / "validation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {"giou_all", "giou_absent", "giou_attribute", "n_acc", "t_acc"} <= set(rows[-1])


def test_a_loss_that_is_not_finite_stops_and_names_the_batch(
    root: Path, variant: str, tmp_path: Path
) -> None:
    trainer = Trainer(config(root, variant), tmp_path / "out", torch.device("cpu"))
    with torch.no_grad():
        trainer.net.sam.image_encoder.stem[0][0].weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"loss is nan in stage 'dense', step 0"):
        trainer.run()


def test_another_runs_checkpoint_is_refused(root: Path, variant: str, tmp_path: Path) -> None:
    train(config(root, variant), tmp_path / "out", minutes=0.0)
    with pytest.raises(TrainingError, match="belongs to variant"):
        Trainer(config(root, variant, seed=5), tmp_path / "out", torch.device("cpu"))


def test_learning_rate_warms_up_and_ends_where_it_should() -> None:
    stage = Stage("x", 100, Losses(), 1, lr=1e-3, lr_end=1e-5, warmup=10)
    rates = [learning_rate(stage, i) for i in range(100)]
    assert rates[0] == pytest.approx(1e-4) and rates[9] == pytest.approx(1e-3)
    assert rates[-1] == pytest.approx(1e-5)
    assert all(a >= b for a, b in pairwise(rates[9:]))


def test_optimiser_is_the_configured_one(root: Path, variant: str, tmp_path: Path) -> None:
    trainer = Trainer(
        config(root, variant, optimiser=Optimiser(weight_decay=0.3)), tmp_path / "o", torch.device("cpu")
    )
    decays = {g["weight_decay"] for g in trainer.optimiser.param_groups}
    assert decays == {0.3, 0.0}
    plain = [p for g in trainer.optimiser.param_groups if not g["weight_decay"] for p in g["params"]]
    assert any(p is trainer.net.vl_pos_embed.weight for p in plain)
    assert any(p is trainer.net.tf_scale for p in plain)
    assert any(p is trainer.net.encoder.token_embedding.weight for p in plain)


def test_a_stage_with_its_eyes_closed_learns_words_alone(root: Path, variant: str, tmp_path: Path) -> None:
    """Both image encoders stay, running means of the norms included; the next stage moves them again."""
    words = Stage(
        "words", 3, Losses(align_choice=1.0), pictures=2, sentences=2, lr=1e-2, warmup=1,
        kind_weights={"absent": 0.0}, frozen=("clip_image_encoder", "sam_image_encoder"),
    )  # fmt: skip
    joint = Stage("joint", 1, EVERYTHING, pictures=2, sentences=3, lr=1e-2, warmup=1)
    trainer = Trainer(config(root, variant, stages=(words, joint)), tmp_path / "out", torch.device("cpu"))
    eyes = ("sam.image_encoder.", "encoder.visual.")

    def moved(before: dict[str, torch.Tensor]) -> set[str]:
        return {k for k, v in trainer.net.state_dict().items() if not torch.equal(v, before[k])}

    start = {k: v.clone() for k, v in trainer.net.state_dict().items()}
    for _ in range(2):  # zero minutes: one step
        trainer.run(minutes=0.0)
    assert trainer.stage == 0
    read = {k: v.clone() for k, v in trainer.net.state_dict().items()}
    assert "encoder.token_embedding.weight" in moved(start)
    assert not {name for name in moved(start) if name.startswith(eyes)}
    trainer.run()
    assert all(any(name.startswith(eye) for name in moved(read)) for eye in eyes)
    assert not trainer.never


@pytest.mark.parametrize(
    ("frozen", "never"),
    [
        ((("clip",), ("clip_image_encoder",)), {"clip_image_encoder"}),
        ((("clip", "mask_decoder"), ("clip",)), {"clip", "clip_image_encoder"}),
        ((("mask_decoder",), ("clip",)), set()),
    ],
)
def test_what_no_stage_trains_is_known_by_its_parts(
    root: Path, variant: str, tmp_path: Path, frozen: tuple[tuple[str, ...], ...], never: set[str]
) -> None:
    stages = tuple(
        Stage(str(i), 1, Losses(l1=1.0), pictures=1, sentences=1, frozen=parts)
        for i, parts in enumerate(frozen)
    )
    trainer = Trainer(config(root, variant, stages=stages), tmp_path / "out", torch.device("cpu"))
    assert trainer.never == never


def test_losses_of_parts_that_are_not_there_are_refused(root: Path, variant: str, tmp_path: Path) -> None:
    for extension, loss in (
        ("alignment", "align_choice"),
        ("dense_prompt", "choice"),
        ("presence", "presence"),
        ("mentions", "mentions"),
    ):
        stage = Stage("joint", 1, Losses(**{loss: 1.0}), pictures=1, sentences=1)
        without = config(root, variant, stages=(stage,), variant_changes={"extensions": {extension: False}})
        with pytest.raises(TrainingError, match=f"'joint': the loss {loss} wants the extension {extension}"):
            Trainer(without, tmp_path / "out", torch.device("cpu"))


def test_weights_of_kinds_that_nobody_says_are_refused(root: Path, variant: str, tmp_path: Path) -> None:
    slip = config(root, variant, data=Data(root=str(root), kind_weights={"atribute": 2.0}))
    with pytest.raises(
        ConfigError, match=r"data: kind_weights: no training .* 'atribute', did you mean 'attr"
    ):
        Trainer(slip, tmp_path / "out", torch.device("cpu"))
    stage = Stage("joint", 1, Losses(l1=1.0), pictures=1, sentences=1, kind_weights={"place": 1.0})
    with pytest.raises(
        ConfigError, match="stage 'joint': kind_weights: no training sentence is of kind 'place'"
    ):
        Trainer(config(root, variant, stages=(stage,)), tmp_path / "out", torch.device("cpu"))
    with pytest.raises(ConfigError, match=r"negation is -1\.0, 0 or more is wanted"):
        Data(kind_weights={"negation": -1.0})


def test_muon_takes_the_matrices_and_adamw_the_rest(root: Path, variant: str, tmp_path: Path) -> None:
    stage = Stage("joint", 2, EVERYTHING, pictures=2, sentences=3, lr=1e-3, warmup=1)
    with_muon = config(root, variant, optimiser=Optimiser(muon=True), stages=(stage,))
    trainer = Trainer(with_muon, tmp_path / "o", torch.device("cpu"))
    assert isinstance(trainer.optimiser, Optimisers)
    muon, adamw = trainer.optimiser.parts
    of_muon = {id(p) for g in muon.param_groups for p in g["params"]}
    of_adamw = {id(p) for g in adamw.param_groups for p in g["params"]}
    assert not of_muon & of_adamw
    heads = () if trainer.heads is None else trainer.heads.parameters()
    assert of_muon | of_adamw == {id(p) for p in (*trainer.net.parameters(), *heads)}
    assert id(trainer.net.mlp.weight) in of_muon
    assert id(trainer.net.vl_pos_embed.weight) in of_adamw
    before = trainer.net.mlp.weight.detach().clone()
    assert trainer.run(minutes=0.0) is False
    moved = (trainer.net.mlp.weight.detach() - before).float()
    # A step has no long directions, but many alike: 0.2 sqrt(the longer side) times the learning rate.
    values = torch.linalg.svdvals(moved)
    length = 0.2 * max(moved.shape) ** 0.5 * 1e-3
    assert 0.6 * length < values[3] < values[0] < 1.4 * length
    again = Trainer(with_muon, tmp_path / "o", torch.device("cpu"))
    assert isinstance(again.optimiser, Optimisers)
    for old, new in zip(trainer.optimiser.parts, again.optimiser.parts, strict=True):
        assert len(new.state) == len(old.state) > 0


@pytest.mark.parametrize("first", [True, False])
def test_no_optimiser_goes_on_where_another_stopped(
    root: Path, variant: str, tmp_path: Path, first: bool
) -> None:
    train(config(root, variant, optimiser=Optimiser(muon=first)), tmp_path / "out", minutes=0.0)
    with pytest.raises(TrainingError, match="another optimiser"):
        Trainer(
            config(root, variant, optimiser=Optimiser(muon=not first)), tmp_path / "out", torch.device("cpu")
        )


def test_going_on_with_another_optimiser_takes_it_and_says_so(
    root: Path, variant: str, tmp_path: Path
) -> None:
    train(config(root, variant), tmp_path / "out", minutes=0.0)
    changed = config(root, variant, optimiser=Optimiser(beta2=0.9, weight_decay=0.3))
    trainer = Trainer(changed, tmp_path / "out", torch.device("cpu"))
    assert {g["betas"] for g in trainer.optimiser.param_groups} == {(0.9, 0.9)}
    assert {g["weight_decay"] for g in trainer.optimiser.param_groups} == {0.3, 0.0}
    assert trainer.optimiser.state_dict()["state"], "the moments are gone"
    assert trainer.history == ["stage 0, step 1: optimiser changed"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("variant: nothing_like_it\ndata: {root: ROOT}", "no variant 'nothing_like_it'"),
        ("variant: ssp_sam_tiny\ndata: {root: nowhere}", "nowhere"),
        ("variant: ssp_sam_tiny\nstart: runs/a/b.safetensors\ndata: {root: ROOT}", "start names runs/a/b"),
    ],
)
def test_what_train_cannot_use_is_one_line(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    path = tmp_path / "config.yaml"
    stage = "{name: joint, steps: 1, pictures: 1, losses: {bce: 1}}"
    path.write_text(f"{text.replace('ROOT', str(root))}\nstages: [{stage}]\n")
    assert main(["--config", str(path), "--out", str(tmp_path / "out"), "--device", "cpu"]) == 1
    # Beside it there may be warnings of the log, such as that the set is not the published one.
    (line,) = (text for text in capsys.readouterr().err.splitlines() if text.startswith("error: "))
    assert said in line
