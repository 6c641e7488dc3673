from __future__ import annotations

import numpy as np
import pytest

from ssp_sam_ros.network import build_tokenizer, load_variant
from ssp_sam_ros.network.tokenizer import piece_table, template, vocabulary_size


@pytest.fixture(scope="module")
def full():
    return build_tokenizer(load_variant("ssp_sam_224"))


@pytest.fixture(scope="module")
def tiny():
    return build_tokenizer(load_variant("ssp_sam_tiny"))


def test_template_strips_lowers_and_always_appends() -> None:
    assert template("  The Red Mug. ") == "the red mug.."


def test_full_vocabulary_is_open_clips_own_encoding(full) -> None:
    import open_clip

    sentence = "The caf\u00e9&amp;bar \U0001f600 left of the second zebra's hat"
    reference = open_clip.tokenizer.SimpleTokenizer()([template(sentence)])[0].numpy()
    encoding = full(sentence)
    np.testing.assert_array_equal(encoding.ids, reference)
    assert not encoding.truncated and not encoding.unknown_words


def test_exclamation_mark_is_id_zero_as_in_the_release(full) -> None:
    assert 0 in full("mug!?").ids[: int(full("mug!?").ids.argmax())]


def test_too_long_is_cut_keeps_the_end_and_says_so(full) -> None:
    encoding = full("mug " * 200)
    assert encoding.truncated
    assert encoding.ids.shape == (77,)
    assert encoding.ids[-1] == full.end == encoding.ids.max()


def test_own_vocabulary_renumbers_densely(tiny) -> None:
    variant = load_variant("ssp_sam_tiny")
    encoding = tiny("the Red mug, please")
    assert encoding.ids[0] == tiny.start
    assert encoding.ids.max() == tiny.end == vocabulary_size(variant) - 1
    assert (encoding.ids[1:5] > 0).all() and encoding.ids[-1] == 0
    assert len(set(piece_table(variant.vocabulary))) == vocabulary_size(variant) - 3


def test_determiners_outside_the_vocabulary_are_left_out_silently(tiny) -> None:
    encoding = tiny("My red mug, these two cans beneath an umbrella")
    assert encoding.unknown_words == ("beneath", "umbrella")
    np.testing.assert_array_equal(tiny("this red mug").ids, tiny("red mug").ids)


def test_unknown_words_are_reported_and_leave_no_piece(tiny) -> None:
    encoding = tiny("the red zebra's mug \u732b")
    assert encoding.unknown_words == ("zebra's", "\u732b")
    np.testing.assert_array_equal(encoding.ids, tiny("the red mug").ids)


def test_every_word_of_the_vocabulary_is_known_and_distinct(tiny) -> None:
    words = load_variant("ssp_sam_tiny").vocabulary
    rows = {tuple(tiny(word).ids) for word in words}
    assert len(rows) == len(words)
    assert not any(tiny(word).unknown_words for word in words)


def test_only_text_is_taken(tiny) -> None:
    with pytest.raises(TypeError, match="not int"):
        tiny(5)
