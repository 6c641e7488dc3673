"""The splits of a configuration, as makers of batches; what a stage does not need is not read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from ssp_sam_ros.network import Variant

from .batches import BatchMaker
from .config import ConfigError, Data, More, TrainConfig
from .config_reading import nearest
from .data import Dataset, ReferDataset, load_dataset, load_refer
from .data.joined import first_pictures, join_refer
from .embeddings import EmbeddingStore
from .items import ItemMaker
from .labels import DenseLabels


class Sources:
    """Training and validation split of a configuration: scenes, items, or both."""

    def __init__(self, config: TrainConfig) -> None:
        """Read the splits that the stages need. Raises what the readers raise."""
        data: Data = config.data
        self.data = data
        self.store: EmbeddingStore | None = None
        self._variant: Variant | None = None
        self._ranks = any(stage.losses.dense_ranks for stage in config.stages)
        val, val_by = data.val_dataset or data.dataset, data.val_split_by or data.split_by
        self.train_scenes: ReferDataset | None = None
        self.val_scenes: ReferDataset | None = None
        self.train_items: Dataset | None = None
        self.val_items: Dataset | None = None
        if any(not stage.by_items for stage in config.stages):
            first = load_refer(
                data.root, data.dataset, data.train_split, data.split_by, image_folder=data.images
            )
            self.train_scenes = join_refer([first, *(_more(data, more) for more in data.more)])
            _check_kinds(config, self.train_scenes)
            self.val_scenes = load_refer(data.root, val, data.val_split, val_by, image_folder=data.images)
        if any(stage.by_items for stage in config.stages):
            self.train_items = load_dataset(
                data.dataset, data.root, data.train_split, data.split_by, image_folder=data.images
            )
            self.val_items = load_dataset(val, data.root, data.val_split, val_by, image_folder=data.images)

    def use(self, variant: Variant, store: EmbeddingStore | None) -> None:
        """Say what the batches are for; before the first of them is made."""
        self._variant, self.store = variant, store

    def sentences(self) -> Iterator[str]:
        """Every sentence of the training split."""
        for group in self.train_scenes.references if self.train_scenes else self.train_items or ():
            for sentence in group.sentences:
                yield sentence.text

    @cached_property
    def labels(self) -> DenseLabels | None:
        """Label kinds of the training split, where it is read as scenes."""
        return DenseLabels.of_dataset(self.train_scenes, self._ranks) if self.train_scenes else None

    @cached_property
    def scenes(self) -> BatchMaker:
        """Batches of the training split's scenes."""
        return self._scenes(self.train_scenes)

    @cached_property
    def validation_scenes(self) -> BatchMaker:
        """Batches of the validation split's scenes."""
        return self._scenes(self.val_scenes)

    @cached_property
    def items(self) -> ItemMaker:
        """Batches of the training split's items."""
        return self._items(self.train_items)

    @cached_property
    def validation_items(self) -> ItemMaker:
        """Batches of the validation split's items."""
        return self._items(self.val_items)

    def _scenes(self, dataset: ReferDataset | None) -> BatchMaker:
        if dataset is None or self.labels is None or self._variant is None:
            raise ValueError("no stage of this configuration is one of scenes")
        return BatchMaker(dataset, self._variant, self.data, self.labels)

    def _items(self, dataset: Dataset | None) -> ItemMaker:
        if dataset is None or self._variant is None:
            raise ValueError("no stage of this configuration is one of items")
        return ItemMaker(dataset, self._variant, self.store)


def _check_kinds(config: TrainConfig, train: ReferDataset) -> None:
    """Refuse weights of kinds that no sentence has: a slip of the pen would go without a word."""
    known = {s.kind or "" for group in train.references for s in group.sentences}
    weights = {"data": config.data.kind_weights}
    weights |= {f"stage '{stage.name}'": stage.kind_weights or {} for stage in config.stages}
    for where, kinds in weights.items():
        for kind in kinds:
            if kind not in known:
                raise ConfigError(
                    f"{where}: kind_weights: no training sentence is of kind '{kind}'"
                    f"{nearest(kind, sorted(known))}"
                )


def _more(data: Data, more: More) -> ReferDataset:
    dataset = load_refer(more.root, data.dataset, data.train_split, data.split_by)
    return first_pictures(dataset, more.pictures)
