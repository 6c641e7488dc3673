from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ssp_sam_training.data import ReferDataset, load_refer
from ssp_sam_training.data.joined import first_pictures, join_refer


def written(root: Path, refer_files: Any, categories: dict[int, str], shade: int, count: int) -> ReferDataset:
    """A set of `count` pictures of one shade with two objects each; numbers start at 1 in every set."""
    annotations, references = [], []
    for i in range(1, count + 1):
        for k, category in enumerate(categories):
            box = (4 + 30 * k, 5, 10 + i, 12)
            annotations.append(refer_files.annotation(10 * i + k, i, box, category_id=category))
            texts = [f"the {categories[category]} of {shade}"]
            references.append(refer_files.reference(10 * i + k, i, [10 * i + k], texts, "train"))
        references.append(refer_files.reference(10 * i + 9, i, [-1], ["nothing"], "train"))
    content = refer_files.instances(annotations, list(range(1, count + 1)))
    content["categories"] = [{"id": n, "name": name} for n, name in categories.items()]
    path = refer_files.write(root, "grefcoco", "grefs(unc).json", references, content)
    for info in content["images"]:
        image = np.full((refer_files.height, refer_files.width, 3), shade, np.uint8)
        cv2.imwrite(str(path / "images" / "train2014" / info["file_name"]), image)
    return load_refer(path, "grefcoco", "train", check_counts=False)


@pytest.fixture
def parts(tmp_path: Path, refer_files: Any) -> list[ReferDataset]:
    return [
        written(tmp_path / "a", refer_files, {1: "mug", 2: "bowl"}, 40, 3),
        written(tmp_path / "b", refer_files, {1: "bowl", 7: "pen"}, 200, 2),
    ]


def test_everything_of_every_part_is_there_once(parts: list[ReferDataset]) -> None:
    joined = join_refer(parts)
    assert (len(joined.images), len(joined.annotations), len(joined)) == (5, 10, 15)
    assert sorted(joined.categories.values()) == ["bowl", "mug", "pen"]
    for key, image in joined.images.items():
        assert image.id == key
    seen = []
    for reference in joined.references:
        text = reference.sentences[0].text
        seen.append(text)
        if reference.no_target:
            continue
        shade = int(joined.load_image(reference.image_id).mean().round(-1))
        (ann_id,) = reference.ann_ids
        one = joined.annotations[ann_id]
        assert (one.id, one.image_id) == (ann_id, reference.image_id)
        assert text == f"the {joined.categories[one.category_id]} of {shade}"
        assert joined.annotation_mask(ann_id).sum() == one.bbox[2] * one.bbox[3]
    assert len(set(seen)) == 5 and seen.count("the mug of 40") == 3 and seen.count("the bowl of 200") == 2


def test_what_sentences_mention_is_numbered_anew_with_the_objects(parts: list[ReferDataset]) -> None:
    last = parts[1].references[-1]
    told = replace(last.sentences[0], mentions=((), tuple(parts[1].annotations)))
    parts[1].references[-1] = replace(last, sentences=(told, *last.sentences[1:]))
    joined = join_refer(parts)
    assert [s.mentions for r in joined.references[:-1] for s in r.sentences] == [None] * 14
    none, all_of_them = joined.references[-1].sentences[0].mentions or ()
    names = [joined.categories[joined.annotations[a].category_id] for a in all_of_them]
    assert none == () and len(set(all_of_them)) == 4 and sorted(names) == ["bowl", "bowl", "pen", "pen"]


def test_a_single_part_stays_as_it_is(parts: list[ReferDataset]) -> None:
    assert join_refer(parts[:1]) is parts[0]


def test_the_first_pictures_with_all_that_is_about_them(parts: list[ReferDataset]) -> None:
    some = first_pictures(parts[0], 2)
    assert sorted(some.images) == [1, 2] and len(some.annotations) == 4 and len(some) == 6
    assert all(reference.image_id in some.images for reference in some.references)
    assert len(first_pictures(parts[0], 0)) == len(parts[0])
