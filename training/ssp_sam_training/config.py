"""Training configurations as dataclasses; `config_reading` makes them of YAML and the command line."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .config_reading import ConfigError, read_config

__all__ = [
    "ConfigError",
    "Data",
    "Losses",
    "More",
    "Optimiser",
    "Stage",
    "TrainConfig",
    "load_config",
    "to_dict",
]

# Parts that a stage can freeze. `clip` is all of CLIP, its image encoder included.
PARTS = ("clip", "clip_image_encoder", "sam_image_encoder", "sam_prompt_encoder", "mask_decoder")
METRICS = ("giou", "targeted_giou", "ciou", "n_acc", "t_acc", "box_acc")


@dataclass(frozen=True)
class More:
    """A further set whose training split joins that of `Data`, in the same layout; stages of scenes only."""

    root: str
    pictures: int = 0  # the first so many; 0: all


@dataclass(frozen=True)
class Data:
    """Where the sentences and pictures come from."""

    root: str = "data/tabletop"
    dataset: str = "grefcoco"
    split_by: str | None = None  # who made the split, where there are several; None: the usual one
    train_split: str = "train"
    val_split: str = "val"
    more: tuple[More, ...] = ()  # further sets to train on; validation is on `root` alone
    val_dataset: str | None = None  # validate on another set than the one trained on
    val_split_by: str | None = None
    images: str | None = None  # folder of the pictures, if not in a usual place under `root`
    embeddings: str | None = None  # folder of SAM's embeddings (precompute.py); None: encode every time
    # How often a kind of sentence is drawn, relative to the others; kinds not named here weigh 1.
    kind_weights: dict[str, float] = field(default_factory=dict)
    prefetch: int = 4  # batches made ahead of the network
    loaders: int = 1  # threads that make them

    def __post_init__(self) -> None:
        """Hold the fields to each other; raises ConfigError."""
        _check_weights(self.kind_weights, "data")


def _check_weights(weights: Mapping[str, float], where: str) -> None:
    for kind, weight in weights.items():
        if not 0 <= weight < math.inf:
            raise ConfigError(f"{where}: kind_weights: {kind} is {weight}, 0 or more is wanted")


@dataclass(frozen=True)
class Losses:
    """Weights of the loss terms; 0 leaves a term, and the parts of the network that only it needs, out.

    focal, dice, l1 and giou are the paper's (Eq. 12 to 14); the others serve training from scratch.
    """

    focal: float = 0.0
    bce: float = 0.0
    dice: float = 0.0
    l1: float = 0.0
    giou: float = 0.0
    patch: float = 0.0  # which patches the targets cover
    align: float = 0.0  # the same of the similarity of patches and sentence alone
    choice: float = 0.0  # which of the picture's objects, however large, by the mean logit of their patches
    align_choice: float = 0.0  # the same of the similarity alone
    choice_none: bool = False  # `choice` has "none of them", too, of logit 0: what absent sentences choose
    presence: float = 0.0  # whether there is a target at all
    mentions: float = 0.0  # what the sentence speaks of on the way, where a set tells it (`mentions`)
    dense: float = 0.0  # category and attributes of the object in every cell, from the annotations
    dense_background: float = 1.0  # weight of a background cell in it, no term of its own
    dense_ranks: float = 0.0  # weight in it of each kind of order (`ranks`), from CLIP's patches alone
    dense_balance: float = 0.0  # 0: every cell of an object counts the same in it; 1: every object does

    @property
    def needs_text(self) -> bool:
        """Whether any term needs the sentences."""
        return self.needs_prompts or self.needs_alignment

    @property
    def needs_alignment(self) -> bool:
        """Whether any term needs the similarity of patches and sentence."""
        return bool(self.align or self.align_choice)

    @property
    def needs_objects(self) -> bool:
        """Whether any term needs to know which patches all objects cover."""
        return bool(self.choice or self.align_choice or self.mentions)

    @property
    def needs_prompts(self) -> bool:
        """Whether any term needs the prompt generator."""
        terms = (self.l1, self.giou, self.patch, self.choice, self.presence, self.mentions)
        return self.needs_mask or any(terms)

    @property
    def needs_mask(self) -> bool:
        """Whether any term needs the mask decoder."""
        return bool(self.focal or self.bce or self.dice)


@dataclass(frozen=True)
class Stage:
    """One stretch of training with its own batches, losses and learning rate.

    Two ways of making batches:

    - scenes (`steps`, `pictures`, `sentences`): some pictures with several sentences each, for networks whose
      image encoders are trained; warm-up and cosine go by steps;
    - items (`epochs`, `batch`): one sentence about one picture each, as in the paper; an epoch shows every
      reference once with one of its sentences at random, or every sentence (`items`); warm-up and cosine go
      by epochs, and validation comes after each.

    All counts are per step over all processes together, so that a recipe means the same on any number.
    """

    name: str
    steps: int = 0
    losses: Losses = field(default_factory=Losses)
    pictures: int = 0
    sentences: int = 0  # per picture
    # Instead of the data's; a picture with fewer than `sentences` sentences of positive weight is left out.
    kind_weights: dict[str, float] | None = None
    root: str | None = None  # of the data's roots: the pictures of this set alone; stages of scenes
    epochs: int = 0
    batch: int = 0  # items
    items: Literal["reference", "sentence"] = "reference"
    longest_sentence: int | None = None  # words; longer ones are dropped
    random_place: bool = False  # CLIP's picture at a random place of its padded input, not in the middle
    truth: Literal["logits", "letterbox"] = "logits"  # where mask losses are taken; see `step`
    lr: float = 6e-4
    lr_end: float = 0.0
    lr_start: float = 0.0  # where the warm-up begins
    warmup: int = 100  # steps, or epochs
    image_encoder_lr: float = 1.0  # of both image encoders and the dense heads, relative to `lr`
    mask_decoder_lr: float = 1.0  # relative to `lr`
    frozen: tuple[str, ...] = ()  # of PARTS
    mask_decoder_from: int = 0  # the epoch from which the mask decoder is trained, if it is not frozen
    accumulate: int = 1  # micro-batches that a process splits its share of a step into
    best: str = ""  # the metric by which the best weights of the stage are kept; "": the last are
    validate_every: int = 1  # epochs

    def __post_init__(self) -> None:
        """Hold the fields to each other; raises ConfigError."""
        where = f"stage '{self.name}'"
        scenes, items = bool(self.steps and self.pictures), bool(self.epochs and self.batch)
        if scenes == items or (self.by_items and (self.steps or self.pictures)):
            raise ConfigError(f"{where}: give steps and pictures, or epochs and batch")
        if unknown := set(self.frozen) - set(PARTS):
            raise ConfigError(f"{where}: unknown part '{min(unknown)}' in frozen; known: {', '.join(PARTS)}")
        if self.best and self.best not in METRICS:
            raise ConfigError(f"{where}: unknown metric '{self.best}' in best; known: {', '.join(METRICS)}")
        if self.best and (self.best == "box_acc" if not self.by_items else not self._scores_masks):
            raise ConfigError(f"{where}: best {self.best}: this stage's validation does not compute it")
        scene_terms = ("dense", "patch", "align", "choice", "align_choice", "mentions")
        if self.by_items and any(getattr(self.losses, term) for term in scene_terms):
            raise ConfigError(
                f"{where}: {', '.join(scene_terms)} want scenes: steps and pictures, not epochs"
            )
        _check_weights(self.kind_weights or {}, where)
        if self.by_items and self.kind_weights is not None:
            raise ConfigError(f"{where}: kind_weights wants scenes: steps and pictures, not epochs")
        if self.by_items and self.root is not None:
            raise ConfigError(f"{where}: root wants scenes: steps and pictures, not epochs")
        if not self.by_items and self.truth == "letterbox":
            raise ConfigError(f"{where}: truth letterbox wants items: epochs and batch")
        if self.longest_sentence is not None and not (self.by_items and self.items == "sentence"):
            raise ConfigError(f"{where}: longest_sentence wants epochs, batch and items: sentence")
        if self.random_place and not self.by_items:
            raise ConfigError(f"{where}: random_place wants items: epochs and batch")
        if min(self.accumulate, self.validate_every) < 1:
            raise ConfigError(f"{where}: accumulate and validate_every are 1 or more")

    @property
    def _scores_masks(self) -> bool:
        """Whether a validation of items has `best`: without mask losses the box head alone is scored."""
        return self.best == "box_acc" or self.losses.needs_mask

    @property
    def by_items(self) -> bool:
        """Whether batches are of items, not of scenes."""
        return bool(self.epochs)


@dataclass(frozen=True)
class Optimiser:
    """AdamW and what goes with it."""

    muon: bool = False  # matrices by Muon, all else by AdamW; `lr` and `weight_decay` hold for both

    beta1: float = 0.9
    beta2: float = 0.98
    weight_decay: float = 0.05
    decay_all: bool = False  # biases, norms and tables too
    gradient_norm: float = 1.0
    ema: float = 0.998  # 0: no moving average, the weights themselves are validated and kept


@dataclass(frozen=True)
class TrainConfig:
    """Everything `train.py` needs to know."""

    variant: str
    stages: tuple[Stage, ...]
    data: Data = field(default_factory=Data)
    optimiser: Optimiser = field(default_factory=Optimiser)
    # What differs from the variant's JSON file, such as {prompt: {layers: 2}}.
    variant_changes: dict[str, Any] = field(default_factory=dict)
    own_vocabulary: bool = False  # the variant's vocabulary becomes the words of the training split
    # "scratch", "pretrained" (CLIP and SAM as published), "random" (for trials), or a weights file.
    start: str = "scratch"
    seed: int = 0
    autocast: bool = True  # bfloat16
    checkpoint_minutes: float = 5.0
    validate_minutes: float = 10.0  # stages of scenes
    validation_pictures: int = 100  # 0: all of the split
    log_seconds: float = 20.0  # 0: every step
    domain: str = ""  # written into the weights: what kind of pictures they are for

    def __post_init__(self) -> None:
        """Hold the fields to each other; raises ConfigError."""
        names = [stage.name for stage in self.stages]
        if len(set(names)) < len(names):
            raise ConfigError("two stages have the same name: the logs tell stages by their names")
        roots = (self.data.root, *(more.root for more in self.data.more))
        for stage in self.stages:
            if stage.root not in (None, *roots):
                raise ConfigError(
                    f"stage '{stage.name}': root {stage.root} is none of the data's: {', '.join(roots)}"
                )
        if self.data.more and any(stage.by_items for stage in self.stages):
            raise ConfigError("data.more wants stages of scenes: steps and pictures, not epochs")


def load_config(path: Any, overrides: Any = ()) -> TrainConfig:
    """Read a YAML file and apply overrides of the form `data.root=/somewhere` or `stages.2.steps=500`.

    Raises ConfigError for unreadable files, unknown keys and values of the wrong type.
    """
    config: TrainConfig = read_config(TrainConfig, path, overrides)
    return config


def to_dict(config: TrainConfig) -> dict[str, Any]:
    """The configuration as plain containers."""
    return dataclasses.asdict(config)
