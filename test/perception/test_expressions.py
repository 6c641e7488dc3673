from __future__ import annotations

import unicodedata
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssp_sam_ros.network import build_tokenizer, load_variant
from ssp_sam_ros.perception.expressions import LONGEST_TEXT, LONGEST_WORD, read_expression

WORDS = ["the", "red", "mug", "plate", "blue"]


@pytest.fixture(scope="module")
def full():
    """The tokenizer of a released variant: every word is known."""
    return build_tokenizer(load_variant("ssp_sam_224"))


@pytest.fixture
def few(variants):
    """The tokenizer of a model with a handful of words and a context of 12."""
    return build_tokenizer(variants())


def test_a_plain_sentence_is_read_as_the_tokenizer_reads_it(full, few):
    for tokenizer in (full, few):
        reading = read_expression("The red mug", tokenizer)
        assert (reading.ids == tokenizer("The red mug").ids).all()
        assert (reading.refusal, reading.unknown_words, reading.warnings) == ("", (), ())
        assert reading.key == read_expression(" the RED mug\n", tokenizer).key


@pytest.mark.parametrize("text", ["", " ", "\t\n", "?!", "...", "☃", "😀🍎", "\x00", "_", "-", "\u200b"])
def test_text_without_a_letter_or_digit_has_no_words(full, few, text):
    for tokenizer in (full, few):
        assert read_expression(text, tokenizer).refusal == "the expression has no words"


@pytest.mark.parametrize("text", ["mug\ud800", "\udfff", "the \udcff mug"])
def test_a_lone_surrogate_is_no_text(full, few, text):
    for tokenizer in (full, few):
        refusal = read_expression(text, tokenizer).refusal
        assert refusal.startswith("the expression is no Unicode text: character ")
        assert refusal.encode("utf-8")  # can be sent and written, unlike the text


def test_the_refusal_says_which_character(full):
    assert read_expression("mug\ud800", full).refusal.endswith("character 4 is U+D800")


def test_control_characters_are_read_as_spaces(full, few):
    for tokenizer in (full, few):
        plain = read_expression("the red mug", tokenizer)
        for text in ("the\x00red\x07mug", "\x1bthe\rred\nmug", "the red\x7fmug\x00"):
            assert read_expression(text, tokenizer).key == plain.key


@pytest.mark.parametrize(
    "text",
    [
        "la tasse café",
        "красная кружка",
        "红色的杯子",
        "الكوب الأحمر",
        "लाल कप",
        "赤いマグ",
        "แก้วสีแดง",
        "½ mug",
    ],
)
def test_any_script_is_read_or_its_words_are_named(full, few, text):
    assert read_expression(text, full).refusal == ""
    reading = read_expression(text, few)
    assert reading.refusal.startswith("the model does not know the word")
    assert reading.unknown_words


def test_ten_thousand_words_are_cut_with_a_warning(full, few):
    for tokenizer in (full, few):
        text = " ".join(WORDS * 2000)
        reading = read_expression(text, tokenizer)
        assert reading.refusal == ""
        assert reading.warnings == (
            f"the expression is cut to the {tokenizer.context} tokens that the model reads",
        )
        assert (reading.ids == tokenizer(" ".join(WORDS * 40)).ids).all()


def test_ten_thousand_unknown_words_are_not_all_named(few):
    reading = read_expression(" ".join(f"w{number}" for number in range(10_000)), few)
    assert reading.refusal.startswith("the model does not know the words 'w0', 'w1'")
    assert reading.refusal.endswith(" more")
    assert len(reading.refusal) < 300


def test_a_word_without_end_is_cut(full, few):
    reading = read_expression("the " + "ab" * 500_000, full)
    assert reading.refusal == "" and reading.warnings
    reading = read_expression("the " + "ab" * 500_000, few)
    assert reading.unknown_words == (("ab" * 500_000)[:LONGEST_WORD],)
    assert len(reading.refusal) < 100


def test_much_space_costs_no_words(full):
    text = "the" + " " * LONGEST_TEXT * 2 + "red mug"
    reading = read_expression(text, full)
    assert reading.key == read_expression("the red mug", full).key
    assert reading.warnings == ()


def test_a_text_of_few_tokens_and_many_characters_is_cut(few):
    reading = read_expression("mug" + " ." * LONGEST_TEXT, few)
    assert reading.warnings == (
        f"the expression is cut to {LONGEST_TEXT:,} characters, {LONGEST_WORD} of each of its words",
    )


def test_what_is_no_text(few):
    with pytest.raises(TypeError, match="bytes"):
        read_expression(b"mug", few)


TEXTS = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(categories=["Cs", "Cc", "Cf", "Co", "Ll"]), max_size=40),
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=150)), max_size=30).map(" ".join),
)


@lru_cache
def shipped_tokenizers():
    return [build_tokenizer(load_variant(variant)) for variant in ("ssp_sam_224", "ssp_sam_tiny")]


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_every_text_is_read_or_refused(text):
    for tokenizer in shipped_tokenizers():
        reading = read_expression(text, tokenizer)
        assert reading.ids.shape == (tokenizer.context,)
        assert reading.ids.min() >= 0 and reading.ids.max() == tokenizer.end
        (reading.refusal + "".join((*reading.warnings, *reading.unknown_words))).encode("utf-8")
        surrogate = any(unicodedata.category(c) == "Cs" for c in text)
        wordless = not any(c.isalnum() for c in text)
        assert bool(reading.refusal) >= (surrogate or wordless)
        assert bool(reading.unknown_words) <= bool(reading.refusal)
