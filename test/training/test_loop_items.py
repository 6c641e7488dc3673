"""The trainer on items: what is frozen stays, the best is kept, the weights load, mistakes are named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ssp_sam_ros import Segmenter
from ssp_sam_ros.network import load_variant
from ssp_sam_ros.weights import load_network, save_network
from ssp_sam_training.config import ConfigError, Data, Losses, Optimiser, Stage, TrainConfig
from ssp_sam_training.embeddings import StoreError
from ssp_sam_training.embeddings.encoder import SamEncoder
from ssp_sam_training.embeddings.writer import ShardWriter, open_folder
from ssp_sam_training.export import export_weights
from ssp_sam_training.loop import Trainer, TrainingError, learning_rate
from ssp_sam_training.starting import configured_variant

FROZEN = ("clip", "sam_image_encoder", "sam_prompt_encoder")
FINE = Stage(
    "fine", losses=Losses(focal=4, dice=4, l1=5, giou=2), epochs=2, batch=6, truth="letterbox",
    lr=1e-2, lr_end=1e-3, warmup=0, mask_decoder_lr=0.1, mask_decoder_from=1, frozen=FROZEN, best="giou",
)  # fmt: skip
BOXES = Stage(
    "boxes", losses=Losses(l1=5, giou=2), epochs=1, batch=6, items="sentence", warmup=0, lr=1e-3,
    frozen=(*FROZEN, "mask_decoder"), best="box_acc",
)  # fmt: skip


@pytest.fixture
def start(plain_variant: str, tmp_path: Path) -> str:
    """A file of the whole network: where a fine-tuning begins."""
    path = tmp_path / "start.safetensors"
    save_network(path, load_network(plain_variant, "random:3")[0])
    return str(path)


@pytest.fixture
def config(mugs_root: Path, plain_variant: str, start: str) -> TrainConfig:
    return TrainConfig(
        variant=plain_variant,
        stages=(FINE,),
        data=Data(root=str(mugs_root), dataset="refcoco"),
        optimiser=Optimiser(weight_decay=1e-4, decay_all=True, gradient_norm=0.1, ema=0),
        start=start,
        autocast=False,
        log_seconds=0,
        validation_pictures=0,
    )


def trainer_of(config: TrainConfig, out: Path) -> Trainer:
    return Trainer(config, out, torch.device("cpu"))


def test_frozen_parts_stay_and_the_mask_decoder_waits(config: TrainConfig, tmp_path: Path) -> None:
    trainer = trainer_of(config, tmp_path / "out")
    before = {name: value.clone() for name, value in trainer.net.state_dict().items()}
    after_first: dict[str, torch.Tensor] = {}
    validate = trainer._validate

    def look(stage: Stage) -> None:
        after_first.update(
            {k: v.clone() for k, v in trainer.net.state_dict().items()} if not after_first else {}
        )
        validate(stage)

    trainer._validate = look  # type: ignore[method-assign]
    assert trainer.run()
    moved = {name for name, value in trainer.net.state_dict().items() if not torch.equal(value, before[name])}
    moved_first = {name for name, value in after_first.items() if not torch.equal(value, before[name])}
    assert moved and not any(n.startswith(("encoder.", "sam.image", "sam.prompt")) for n in moved)
    assert not any(n.startswith("sam.mask_decoder.") for n in moved_first)
    assert any(n.startswith("sam.mask_decoder.") for n in moved)
    assert {"prompt_token.weight", "bbox_embed.layers.0.weight"} <= moved_first
    state = torch.load(tmp_path / "out" / "checkpoint.pt", weights_only=True)
    assert not any(name.startswith(("encoder.", "sam.image_encoder.")) for name in state["net"])
    assert (tmp_path / "out" / "best.pt").is_file() and trainer.best is not None


def test_what_was_trained_runs_as_a_segmenter(config: TrainConfig, tmp_path: Path) -> None:
    """The file is a delta: the frozen parts come from the file beside it that the training started from."""
    trainer = trainer_of(config, tmp_path / "out")
    trainer.run()
    path = export_weights(trainer)
    beside = tmp_path / path.name
    path.rename(beside)
    net, info = load_network(config.variant, beside)
    best = torch.load(tmp_path / "out" / "best.pt", weights_only=True)["net"]
    assert all(torch.equal(net.state_dict()[name], value) for name, value in best.items())
    assert info.metadata["training_weights"].startswith("giou ")
    assert beside.stat().st_size < Path(config.start).stat().st_size
    segmenter = Segmenter.load(config.variant, beside, "cpu", "float32")
    picture = np.asarray(Image.open(next((Path(config.data.root) / "images" / "train2014").iterdir())))
    (result,) = segmenter.refer(segmenter.encode(picture), ["the left mug"])
    assert str(result.outcome) in ("FOUND", "NO_TARGET") and segmenter.weights_digest == info.digest


def test_box_pretraining_then_fine_tuning(config: TrainConfig, tmp_path: Path) -> None:
    first = trainer_of(replace(config, stages=(BOXES,)), tmp_path / "boxes")
    first.run()
    assert not any(n.startswith("sam.") for n in torch.load(first.checkpoint, weights_only=True)["net"])
    weights = export_weights(first).rename(tmp_path / "boxes.safetensors")
    second = trainer_of(replace(config, start=str(weights)), tmp_path / "fine")
    trained = first.net.state_dict()
    assert all(torch.equal(v, trained[k]) for k, v in second.net.state_dict().items() if "bbox" in k)
    second.run()
    exported = export_weights(second).rename(tmp_path / "fine.safetensors")
    load_network(config.variant, exported)  # its frozen parts: in the file that the first one started from


def test_a_loss_that_is_not_finite_names_the_sentences(config: TrainConfig, tmp_path: Path) -> None:
    trainer = trainer_of(config, tmp_path / "out")
    with torch.no_grad():
        trainer.net.mlp.weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match=r"loss is nan in stage 'fine', step 0.*refcoco train, reference"):
        trainer.run()


def test_stopping_and_going_on_gives_the_same_weights(config: TrainConfig, tmp_path: Path) -> None:
    """With dropout, whose random numbers go on, too."""
    dropout = replace(config, variant_changes={"prompt": {"attention_dropout": 0.5}}, start="scratch")
    whole = trainer_of(dropout, tmp_path / "whole")
    whole.run()
    for _ in range(8):
        pieces = trainer_of(dropout, tmp_path / "pieces")
        if pieces.run(minutes=0.0):
            break
    assert pieces.stage == 1 and pieces.best == whole.best
    for name, value in whole.net.state_dict().items():
        assert torch.equal(value, pieces.net.state_dict()[name]), name


def test_stored_embeddings_train_as_encoding_does(config: TrainConfig, tmp_path: Path) -> None:
    config = replace(config, stages=(replace(FINE, epochs=1),))
    plain = trainer_of(config, tmp_path / "plain")
    encoder = SamEncoder(plain.net, "float32")
    folder = open_folder(tmp_path / "embeddings", encoder.info)
    splits = (plain.sources.train_items or [], plain.sources.val_items or [])
    pictures = {sample.picture: None for split in splits for sample in split}
    with ShardWriter(folder, encoder.info) as writer:
        for picture in pictures:
            writer.write([picture.key], encoder.encode([encoder.prepare(picture.load())]))
    stored = replace(config, data=replace(config.data, embeddings=str(tmp_path / "embeddings")))
    quick = trainer_of(stored, tmp_path / "quick")
    assert not hasattr(quick.net.sam, "image_encoder")
    assert plain.run() and quick.run()
    for name, value in plain.net.state_dict().items():
        if not name.startswith("sam.image_encoder."):
            torch.testing.assert_close(quick.net.state_dict()[name], value, rtol=0.1, atol=0.02)
    net, _ = load_network(config.variant, export_weights(quick).rename(tmp_path / "quick.safetensors"))
    assert set(net.state_dict()) == set(plain.net.state_dict())


def test_learning_rate_goes_by_epochs() -> None:
    stage = Stage("x", losses=Losses(l1=1), epochs=10, batch=1, lr=1e-4, lr_start=1e-6, lr_end=1e-6, warmup=5)
    rates = [learning_rate(stage, step, 3) for step in range(30)]
    assert rates[:3] == [1e-6] * 3 and rates[3] == pytest.approx(1e-6 + (1e-4 - 1e-6) / 5)
    assert rates[15:18] == [1e-4] * 3 and rates[27:] == pytest.approx([1e-6] * 3)
    decoder = [learning_rate(stage, step, 3, 0.1) for step in range(30)]
    assert max(decoder) == pytest.approx(1e-5) and decoder[-1] == pytest.approx(1e-6)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"steps": 3}, "steps and pictures, or epochs and batch"),
        ({"steps": 3, "pictures": 1, "epochs": 2, "batch": 3}, "steps and pictures, or epochs and batch"),
        ({"epochs": 1, "batch": 1, "frozen": ("clipp",)}, "unknown part 'clipp'"),
        ({"epochs": 1, "batch": 1, "best": "iou"}, "unknown metric 'iou'"),
        ({"epochs": 1, "batch": 1, "losses": Losses(dense=1)}, "want scenes"),
        ({"steps": 1, "pictures": 1, "truth": "letterbox"}, "wants items"),
        ({"epochs": 1, "batch": 1, "accumulate": 0}, "1 or more"),
    ],
)
def test_stages_that_contradict_themselves(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Stage("x", **fields)  # type: ignore[arg-type]


def test_more_shares_than_items_are_refused(config: TrainConfig, tmp_path: Path) -> None:
    stages = (replace(FINE, accumulate=7),)
    with pytest.raises(TrainingError, match="6 cannot be shared by 1 processes times 7 micro-batches"):
        trainer_of(replace(config, stages=stages), tmp_path / "out").run()


def test_a_variant_of_its_own(config: TrainConfig) -> None:
    changed = replace(config, variant_changes={"prompt": {"layers": 3}}, own_vocabulary=True)
    variant = configured_variant(changed, ["The left mug", "that mug's"])
    assert variant.prompt.layers == 3 and variant.prompt.tokens == load_variant(config.variant).prompt.tokens
    assert variant.vocabulary == ("left", "mug", "mug's", "the")


def test_a_start_of_another_form_is_refused(config: TrainConfig, tmp_path: Path) -> None:
    changed = replace(config, variant_changes={"prompt": {"gaussian": False}})
    with pytest.raises(ValueError, match="of another form of plainer"):
        trainer_of(changed, tmp_path / "out")


def test_embeddings_of_another_encoder_are_refused(config: TrainConfig, tmp_path: Path) -> None:
    stored = replace(config, data=replace(config.data, embeddings=str(tmp_path)))
    with pytest.raises(StoreError, match="no embeddings of encoder"):
        trainer_of(stored, tmp_path / "out")
    learning = replace(stored, stages=(replace(FINE, frozen=("clip",)),))
    with pytest.raises(ValueError, match="sam_image_encoder in frozen"):
        trainer_of(learning, tmp_path / "out")
