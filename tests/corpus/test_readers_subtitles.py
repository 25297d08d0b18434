"""Columns of cues find the talk that they translate, and become pairs of sentences."""

from __future__ import annotations

import random

import pytest

from klein_embedding.corpus.readers import READERS
from klein_embedding.errors import KleinError

# Words whose translations are not all longer or shorter, as in any two languages.
WORDS = {
    "river": "नदी",
    "go": "जाना",
    "mountain": "पहाड़",
    "teacher": "शिक्षक",
    "we": "हमलोग",
    "yesterday": "कल",
    "understanding": "समझदारी",
    "sky": "आसमान",
    "a": "एक",
    "marketplace": "बाज़ार",
}
OPTIONS = {
    "files": "talk.*",
    "marker": "<main>",
    "columns": "columns",
    "languages": {"hi": "Hindi.txt", "ur": "Urdu.txt"},
}


def talk(seed, cues=160):
    """Cues of a talk, every third of which ends a sentence, and their translations."""
    drawn = random.Random(seed)
    rows = [drawn.choices(list(WORDS), k=drawn.randint(1, 9)) for _ in range(cues)]
    ends = ["." if place % 3 == 2 else "," for place in range(cues)]
    english = [" ".join(row) + end for row, end in zip(rows, ends, strict=True)]
    hindi = [" ".join(WORDS[word] for word in row) for row in rows]
    return english, hindi


def written(tmp_path, column):
    root, other = tmp_path / "talks" / "files", tmp_path / "columns" / "files"
    root.mkdir(parents=True)
    other.mkdir(parents=True)
    for number in range(4):
        cues = "\n".join(f"   {cue.replace('go', '&#103;o')}" for cue in talk(number)[0])
        page = f"<p>Menu</p><main><div><p>\n{cues}\n</p></div>"
        (root / f"talk.{number}").write_text(page)
    (root / "talk.9").write_text("<p>nobody wrote it down</p>")
    (other / "Hindi.txt").write_text("\n".join(column) + "\n")
    return root


def test_a_column_finds_its_talks_and_cues_become_sentences(tmp_path, caplog):
    second, third = talk(2), talk(1)
    # The last cues of a talk are missing, and one in the middle was never translated.
    column = [*second[1][:70], *second[1][71:150], *third[1]]
    found = list(READERS["subtitles"](written(tmp_path, column), OPTIONS, "talks"))
    right = {
        " ".join(english[place : place + 3]): " ".join(hindi[place : place + 3])
        for english, hindi in (second, third)
        for place in range(0, 156, 3)
    }
    assert {(pair.anchor_lang, pair.positive_lang, pair.kind) for pair in found} == {
        ("en", "hi", "translation")
    }
    agreeing = [right.get(pair.anchor) == pair.positive for pair in found]
    assert len(agreeing) >= 85
    assert sum(agreeing) >= 0.95 * len(agreeing)
    # Where a stretch begins, nobody knows whether a sentence does.
    starts = {english[place] for english, _ in (second, third) for place in range(0, 160, 3)}
    assert all(any(pair.anchor.startswith(start) for start in starts) for pair in found)
    assert "talk.9: ValueError: it holds no transcript" in caplog.text


def test_a_column_of_no_known_talk_gives_nothing(tmp_path):
    root = written(tmp_path, talk(77)[1])
    with pytest.raises(KleinError, match="source talks: nothing could be read"):
        list(READERS["subtitles"](root, OPTIONS, "talks"))


def test_a_column_shorter_than_a_window_gives_nothing(tmp_path):
    root = written(tmp_path, talk(1)[1][:20])
    with pytest.raises(KleinError, match="source talks: nothing could be read"):
        list(READERS["subtitles"](root, OPTIONS, "talks"))
