"""Scores answers about a split: one record per sentence, under both protocols at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ..data import Dataset, Picture, Sample, Sentence
from ..metrics import (
    SampleScore,
    box_hit,
    letterbox_truth,
    score_failure,
    score_gres,
    score_paper,
    score_phrasecut,
)
from .predictor import Prediction, Predictor
from .records import Box, Number, SampleRecord, encode_mask

PHRASECUT = ("phrasecut", "prepared:phrase_cut")  # sets that are also scored by PhraseCut's own rules


def evaluate(
    predictor: Predictor,
    dataset: Dataset,
    *,
    image_ids: Sequence[Number] | None = None,
    paper: bool = False,
) -> Iterator[SampleRecord]:
    """Score every sentence about the pictures, picture by picture: one call of the model for each picture.

    Args:
        predictor: the model.
        dataset: the split.
        image_ids: pictures to take; None: all of the split. Several processes share a split by picture
            (`parallel.Processes.share`).
        paper: protocol `paper` too, which needs the mask in its own space as well.

    Raises:
        DatasetError: a picture or a segmentation is not as the set says.
        ValueError: a picture that the split does not have; a model that answers some of the sentences only.
    """
    groups = {picture.id: (picture, samples) for picture, samples in dataset.by_picture().items()}
    for image_id in groups if image_ids is None else image_ids:
        if image_id not in groups:
            raise ValueError(f"{dataset.name} {dataset.split} has no sentence about picture {image_id}")
        yield from _evaluate_picture(predictor, *groups[image_id], paper)


def score_picture(
    samples: Sequence[Sample],
    predictions: Sequence[Prediction],
    letterbox_input: tuple[int, int] | None,
) -> Iterator[SampleRecord]:
    """Records of all sentences of the samples, which are of one picture.

    Args:
        samples: those of the picture.
        predictions: one per sentence, in order.
        letterbox_input: (height, width) of the network's SAM input, for protocol `paper`; None: without it.
    """
    answers = iter(predictions)
    for sample in samples:
        truth = sample.mask()
        letterbox = None if letterbox_input is None else letterbox_truth(truth, letterbox_input)
        for sentence in sample.sentences:
            yield _record(sample, sentence, next(answers), truth, letterbox)


def _evaluate_picture(
    predictor: Predictor, picture: Picture, samples: Sequence[Sample], paper: bool
) -> Iterator[SampleRecord]:
    sentences = [sentence.text for sample in samples for sentence in sample.sentences]
    predictions = predictor.predict(picture.load(), sentences, paper)
    if len(predictions) != len(sentences):
        raise ValueError(
            f"picture {picture.id}: {len(predictions)} predictions for {len(sentences)} sentences"
        )
    yield from score_picture(samples, predictions, predictor.letterbox_input if paper else None)


def _record(
    sample: Sample,
    sentence: Sentence,
    prediction: Prediction,
    truth: NDArray[np.bool_],
    letterbox: NDArray[np.bool_] | None,
) -> SampleRecord:
    truth_box: Box = tuple(float(side) for side in sample.box)  # type: ignore[assignment]
    return SampleRecord(
        image_id=sample.image_id,
        file_name=sample.picture.path.name,
        ref_id=sample.ref_id,
        sent_id=sentence.sent_id,
        sentence=sentence.text,
        kind=sentence.kind,
        targets=sample.target_count,
        outcome=prediction.outcome,
        reason=prediction.reason,
        score=prediction.score,
        no_target_probability=prediction.no_target_probability,
        mask=None if prediction.mask is None else encode_mask(prediction.mask),
        network_box=prediction.network_box,
        truth_box=truth_box,
        box_hit=_box_hit(prediction, truth_box, sample.no_target),
        gres=_gres(prediction, truth),
        paper=None if letterbox is None else _paper(prediction, letterbox),
        phrasecut=_phrasecut(prediction, truth) if sample.dataset in PHRASECUT else None,
    )


def _box_hit(prediction: Prediction, truth_box: Box, no_target: bool) -> bool | None:
    if prediction.mask is None:
        return False
    if prediction.network_box is None:
        return None
    return box_hit(prediction.network_box, truth_box, no_target)


def _gres(prediction: Prediction, truth: NDArray[np.bool_]) -> SampleScore:
    if prediction.mask is None:
        return score_failure(truth)
    return score_gres(prediction.mask, truth, prediction.outcome == "NO_TARGET")


def _paper(prediction: Prediction, letterbox: NDArray[np.bool_]) -> SampleScore:
    if prediction.mask is None:
        return score_failure(letterbox)
    if prediction.letterbox_mask is None:
        raise ValueError("protocol `paper` needs the model's mask in the 512 letterbox; this model gave none")
    return score_paper(prediction.letterbox_mask, letterbox)


def _phrasecut(prediction: Prediction, truth: NDArray[np.bool_]) -> SampleScore:
    """The mask as it was drawn, whatever the outcome: the set's rules know no other way to say "nothing"."""
    return score_phrasecut(np.zeros_like(truth) if prediction.mask is None else prediction.mask, truth)
