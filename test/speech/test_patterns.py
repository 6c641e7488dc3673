from __future__ import annotations

import pytest

from ssp_sam_ros.speech.patterns import Choice, Maybe, Reference, Sequence, Word, ends, jsgf, parse


def test_parse_and_print() -> None:
    pattern = parse("[the] {colour} (mug | tea cup)")
    assert pattern == Sequence(
        (
            Maybe(Word("the")),
            Reference("colour"),
            Choice((Word("mug"), Sequence((Word("tea"), Word("cup"))))),
        )
    )
    assert jsgf(pattern) == "[the] <colour> (mug | tea cup)"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "nothing stands"),
        ("the [red", r"'\[' without its '\]'"),
        ("(red mug]", r"'\(' without its '\)'"),
        ("red ) mug", r"unexpected '\)'"),
        ("red | | mug", "nothing stands"),
        ("Red mug", "'Red' .* lower-case"),
        ("2 mugs", "'2' .* as they are spoken"),
        ("{colour mug", "is not a word"),
    ],
)
def test_what_is_no_pattern(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse(text)


def test_where_a_pattern_can_end() -> None:
    lists = {"colour": parse("red | dark red")}
    pattern = parse("[the] {colour} [mug]")
    start = frozenset((0,))
    assert ends(pattern, ("the", "red", "mug"), start, lists) == {2, 3}
    assert ends(pattern, ("dark", "red"), start, lists) == {2}
    assert ends(pattern, ("dark", "mug"), start, lists) == set()
