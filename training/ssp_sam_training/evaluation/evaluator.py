"""Runs a model over a split: one record per sentence, scored under both protocols."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..data import ReferDataset, Reference, Sentence
from ..metrics import SampleScore, box_hit, letterbox_truth, score_failure, score_gres, score_paper
from .predictor import Prediction, Predictor
from .records import SampleRecord, encode_mask


def evaluate(
    predictor: Predictor,
    dataset: ReferDataset,
    *,
    image_ids: Sequence[int] | None = None,
    paper: bool = False,
) -> Iterator[SampleRecord]:
    """Score every sentence about the pictures, picture by picture: one call of the model for each picture.

    Args:
        predictor: the model.
        dataset: the split.
        image_ids: pictures to take; None: all of the split. Several processes can share a split by picture.
        paper: protocol A too, which needs the mask in its own space as well.

    Raises:
        DatasetError: a picture or a segmentation is not as the set says.
        ValueError: a picture that the split does not have; a model that answers some of the sentences only.
    """
    groups = dataset.references_by_image()
    for image_id in groups if image_ids is None else image_ids:
        if image_id not in groups:
            raise ValueError(f"{dataset.name} {dataset.split} has no sentence about picture {image_id}")
        yield from _evaluate_picture(predictor, dataset, image_id, groups[image_id], paper)


def _evaluate_picture(
    predictor: Predictor, dataset: ReferDataset, image_id: int, references: Sequence[Reference], paper: bool
) -> Iterator[SampleRecord]:
    pairs = [(reference, sentence) for reference in references for sentence in reference.sentences]
    image = dataset.load_image(image_id)
    predictions = predictor.predict(image, [sentence.text for _, sentence in pairs], paper)
    if len(predictions) != len(pairs):
        raise ValueError(f"picture {image_id}: {len(predictions)} predictions for {len(pairs)} sentences")
    truths = {reference.ref_id: dataset.mask(reference) for reference in references}
    letterboxes = (
        {ref_id: letterbox_truth(mask, predictor.letterbox_input) for ref_id, mask in truths.items()}
        if paper
        else {}
    )
    for (reference, sentence), prediction in zip(pairs, predictions, strict=True):
        yield _record(
            dataset,
            reference,
            sentence,
            prediction,
            truths[reference.ref_id],
            letterboxes.get(reference.ref_id),
        )


def _record(
    dataset: ReferDataset,
    reference: Reference,
    sentence: Sentence,
    prediction: Prediction,
    truth: NDArray[np.bool_],
    letterbox: NDArray[np.bool_] | None,
) -> SampleRecord:
    truth_box = dataset.box(reference)
    answered = prediction.mask is not None
    return SampleRecord(
        image_id=reference.image_id,
        file_name=dataset.images[reference.image_id].file_name,
        ref_id=reference.ref_id,
        sent_id=sentence.sent_id,
        sentence=sentence.text,
        kind=sentence.kind,
        targets=len(reference.ann_ids),
        outcome=prediction.outcome,
        reason=prediction.reason,
        score=prediction.score,
        no_target_probability=prediction.no_target_probability,
        mask=None if prediction.mask is None else encode_mask(prediction.mask),
        network_box=prediction.network_box,
        truth_box=(float(truth_box[0]), float(truth_box[1]), float(truth_box[2]), float(truth_box[3])),
        box_hit=answered and box_hit(prediction.network_box, truth_box.tolist(), reference.no_target),
        gres=_gres(prediction, truth),
        paper=None if letterbox is None else _paper(prediction, letterbox),
    )


def _gres(prediction: Prediction, truth: NDArray[np.bool_]) -> SampleScore:
    if prediction.mask is None:
        return score_failure(truth)
    return score_gres(prediction.mask, truth, prediction.outcome == "NO_TARGET")


def _paper(prediction: Prediction, letterbox: NDArray[np.bool_]) -> SampleScore:
    if prediction.mask is None:
        return score_failure(letterbox)
    if prediction.letterbox_mask is None:
        raise ValueError("protocol A needs the model's mask in the 512 letterbox; this model gave none")
    return score_paper(prediction.letterbox_mask, letterbox)
