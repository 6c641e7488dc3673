"""Several splits in the REFER layout as one, for training on more than one world at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from .refer_set import ReferDataset
from .sample import Sentence


def first_pictures(dataset: ReferDataset, count: int) -> ReferDataset:
    """The split's first `count` pictures, by number, with all that is about them; 0: all."""
    chosen = set(sorted(dataset.images)[:count]) if count else set(dataset.images)
    return replace(
        dataset,
        references=[r for r in dataset.references if r.image_id in chosen],
        images={key: image for key, image in dataset.images.items() if key in chosen},
        annotations={key: one for key, one in dataset.annotations.items() if one.image_id in chosen},
    )


def join_refer(parts: Sequence[ReferDataset]) -> ReferDataset:
    """One split with everything of `parts`, numbered anew; categories of one name become one.

    Name, split and its maker are the first part's. Pictures keep their places: each file name holds its
    folder.
    """
    if len(parts) == 1:
        return parts[0]
    names = sorted({name for part in parts for name in part.categories.values()})
    category = {name: number for number, name in enumerate(names, 1)}
    joined = replace(
        parts[0],
        references=[],
        images={},
        annotations={},
        categories={n: name for name, n in category.items()},
    )
    for part in parts:
        pictures = {old: len(joined.images) + n for n, old in enumerate(sorted(part.images))}
        objects = {old: len(joined.annotations) + n for n, old in enumerate(sorted(part.annotations))}
        for old, image in part.images.items():
            path = str(part.image_path(old).absolute())
            joined.images[pictures[old]] = replace(image, id=pictures[old], file_name=path)
        for old, one in part.annotations.items():
            joined.annotations[objects[old]] = replace(
                one,
                id=objects[old],
                image_id=pictures[one.image_id],
                category_id=category[part.categories[one.category_id]],
            )
        for reference in part.references:
            joined.references.append(
                replace(
                    reference,
                    ref_id=len(joined.references),
                    image_id=pictures[reference.image_id],
                    ann_ids=tuple(objects[a] for a in reference.ann_ids),
                    sentences=tuple(_renumbered(s, objects) for s in reference.sentences),
                )
            )
    return joined


def _renumbered(sentence: Sentence, objects: Mapping[int, int]) -> Sentence:
    """The sentence with the new numbers of the objects that it mentions."""
    if sentence.mentions is None:
        return sentence
    return replace(sentence, mentions=tuple(tuple(objects[a] for a in role) for role in sentence.mentions))
