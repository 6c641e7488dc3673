from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from ssp_sam_ros.sim.grammar import expressions
from ssp_sam_ros.sim.grammar import vocabulary as model_words
from ssp_sam_ros.sim.scene import SceneObject
from ssp_sam_ros.sim.words import COLOURS, NOUNS, SIZES
from ssp_sam_ros.speech.vocabulary import Vocabulary, words_of


def some_objects(rng: np.random.Generator) -> list[SceneObject]:
    places = rng.uniform((10, 40), (310, 230), (6, 2))
    return [
        SceneObject(
            *(str(rng.choice(words)) for words in (NOUNS, COLOURS, SIZES)),
            position=((x - 160) / 400, (y - 120) / 250, 0.0),
            radius=0.05,
            pixels=300,
            bbox=(int(x) - 9, int(y) - 9, int(x) + 9, int(y) + 9),
            centroid=(x, y),
            foot=(x, y + 9.0),
        )
        for x, y in places
    ]


def test_built_in_words_are_the_small_models() -> None:
    assert Vocabulary.load().words == model_words()


def test_built_in_language_has_every_sentence_of_the_small_model() -> None:
    vocabulary, rng = Vocabulary.load(), np.random.default_rng(5)
    texts = {e.text for _ in range(60) for e in expressions(some_objects(rng), (320, 240), rng, 24)}
    assert len(texts) > 800
    assert [text for text in texts if not vocabulary.accepts(text.split())] == []


@pytest.mark.parametrize("text", ["the pink mug", "the mug the", "", "mug red", "pick up", "the red mug on"])
def test_other_sentences_are_not_accepted(text: str) -> None:
    assert not Vocabulary.load().accepts(text.split())


def test_example_file_extends_the_built_in_one(repository: Path) -> None:
    vocabulary = Vocabulary.load(repository / "config" / "vocabulary.yaml")
    said = words_of("Please grasp the pink cups, on the left!")
    assert not vocabulary.accepts(said)  # "please grab" is no command of the built-in language
    assert vocabulary.accepts(said[1:-3])
    assert vocabulary.written(said[1:-3]) == "grab the pink mugs"
    assert vocabulary.accepts(["the", "brown", "gripper", "next", "to", "the", "screwdriver"])
    assert vocabulary.accepts(["bring", "me", "the", "small", "apple", "from", "the", "kitchen"])
    assert vocabulary.accepts(["the", "red", "mug"])


def test_longer_synonyms_come_first(tmp_path: Path) -> None:
    path = tmp_path / "v.yaml"
    path.write_text("nouns: {mug: mugs}\nsynonyms: {cup: mug, cup of tea: mug}\nsentences: ['the {noun}']\n")
    vocabulary = Vocabulary.load(path)
    assert vocabulary.accepts(["the", "cup", "of", "tea"])
    assert vocabulary.written(["the", "cup", "of", "tea"]) == "the mug"
    assert vocabulary.written(["the", "teacup"]) == "the teacup"


def test_grammar_with_wake_phrase() -> None:
    text = Vocabulary.load().jsgf("Hey, Robot!")
    assert "<wake> = hey robot;" in text
    assert "public <top> = <sentence> | <wake> <sentence> | <wake>;" in text
    defined = set(re.findall(r"^(?:public )?<(\w+)> =", text, flags=re.MULTILINE))
    assert set(re.findall(r"<(\w+)>", text)) == defined
    assert "<wake>" not in Vocabulary.load().jsgf()


@pytest.mark.parametrize(
    ("text", "line", "complaint"),
    [
        ("noun: {a: b}", 1, "unknown key 'noun'"),
        ("extends: default\nextends: default", 2, "'extends' stands there twice"),
        ("extends: mine", 1, "only 'default'"),
        ("extends: default\nnouns: [mug]", 2, "nouns: expected 'name: value' pairs"),
        ("extends: default\ncolours: red", 2, "colours: expected a list"),
        ("extends: default\ncolours:\n  - red\n  - 7", 4, "put '7' in quotes"),
        ("extends: default\nnouns:\n  yes: 'yeses'", 3, "put 'yes' in quotes"),
        ("extends: default\ncolours: [dark red, 'Blue']", 2, "'Blue'"),
        ("extends: default\nphrases:\n  a: '{b}'\n  b: '{a}'", 3, "contains itself"),
        ("extends: default\nphrases: {noun: x}", 2, "'noun' cannot be the name"),
        ("extends: default\nsentences:\n- '{tool}'", 3, r"there is no list \{tool\}"),
        ("extends: default\nsynonyms: {cup: beaker}", 2, "'beaker' is in none of the lists"),
        ("extends: default\npronunciations: {foo: F UU}", 2, "'UU' is no phone"),
        ("extends: default\npronunciations: {foo: F | }", 2, "there are no phones"),
        ("colours: [red]", 1, "no sentences"),
        ("- red", 1, "expected 'name: value' pairs"),
    ],
)
def test_errors_name_line_and_key(tmp_path: Path, text: str, line: int, complaint: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=complaint) as error:
        Vocabulary.load(path)
    assert f"{path}, line {line}: " in str(error.value)


@pytest.mark.parametrize(
    ("content", "complaint"), [(None, "No such file"), (b"a: [", "not YAML"), (b"", "empty")]
)
def test_files_that_cannot_be_read(tmp_path: Path, content: bytes | None, complaint: str) -> None:
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=complaint):
        Vocabulary.load(path)
