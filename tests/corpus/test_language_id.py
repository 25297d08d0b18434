"""Telling languages of one script apart, on invented languages that differ in their letters."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from klein_embedding.corpus.language_id import (
    GROUPS,
    load,
    save,
    train_language_model,
)
from klein_embedding.errors import KleinError

_LETTERS = {
    "hi": "कखगघचछजझ",
    "mr": "चछजझटठडढ",
    "ne": "टठडढतथदध",
    "bn": "কখগঘচছজঝ",
    "as": "চছজঝটঠডঢ",
}


def _examples(seed: int, count: int) -> list[tuple[str, str]]:
    draw = random.Random(seed)
    return [
        (" ".join("".join(draw.choices(letters, k=5)) for _ in range(8)), lang)
        for lang, letters in _LETTERS.items()
        for _ in range(count)
    ]


def test_an_impostor_is_named_and_the_right_language_is_left_alone() -> None:
    model, measured = train_language_model(_examples(1, 400))
    assert set(measured) == set(_LETTERS)
    assert all(row["error"] < 0.01 and row["impostors_found"] > 0.9 for row in measured.values())
    assert all(row["held_out"] > 20 for row in measured.values())
    texts = _examples(2, 20)
    right = model.wrong([text for text, _ in texts], [lang for _, lang in texts])
    assert sum(map(bool, right)) <= 2
    turned = {code: group[at - 1] for group in GROUPS for at, code in enumerate(group)}
    wrong = model.wrong([text for text, _ in texts], [turned[lang] for _, lang in texts])
    assert sum(a == b for a, (_, b) in zip(wrong, texts, strict=True)) >= 90


def test_short_texts_and_other_scripts_are_not_judged() -> None:
    model, _ = train_language_model(_examples(1, 400))
    assert (
        model.wrong(["कखगघ", "good morning to all of you here", ""], ["ne", "en", "hi"]) == [""] * 3
    )


def test_it_is_deterministic_and_survives_the_disk(tmp_path: Path) -> None:
    examples = _examples(3, 200)
    for name, order in (("a", examples), ("b", examples[::-1])):
        (tmp_path / name).mkdir()
        save(*train_language_model(order), tmp_path / name, "key")
    for path in sorted((tmp_path / "a").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()
    model, measured = load(tmp_path / "a")
    again, facts = train_language_model(examples)
    assert measured == facts
    texts = [text for text, _ in examples]
    claimed = ["hi" if lang in GROUPS[0] else "bn" for _, lang in examples]
    assert model.wrong(texts, claimed) == again.wrong(texts, claimed)


def test_a_language_without_text_is_named() -> None:
    with pytest.raises(KleinError, match="language_sources"):
        train_language_model([("कखगघ", "hi")])
