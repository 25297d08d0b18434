"""Reader of the steps of coding projects."""

from __future__ import annotations

import pytest

from klein_embedding.corpus.readers.steps import read_steps
from klein_embedding.errors import KleinError

ENGLISH = """--- task ---

## Start

Click **Remix**{:class="block3events"} at [the site](https://x.y){:target="_blank"}.

[[[generic-scratch-saving]]]

--- collapse ---
---
title: Offline
---

You are done.

--- /task ---
"""
HINDI = """--- task ---

## शुरुआत

[साइट](https://x.y){:target="_blank"} पर **Remix**{:class="block3events"} क्लिक करें।

[[[generic-scratch-saving]]]

\\--- collapse \\---
---
title: ऑफ़लाइन
---

You are done.

--- /task ---
"""


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def test_steps_lose_the_marks_that_surround_their_text(tmp_path):
    put(tmp_path / "0123/en/step_1.md", ENGLISH)
    put(tmp_path / "0123/hi-IN/step_1.md", HINDI)
    put(tmp_path / "0123/fr-FR/step_1.md", HINDI)
    pairs = list(read_steps(tmp_path, {"files": ["0123/*/step_*.md"]}, "tried"))
    assert [(p.positive_lang, p.anchor, p.positive) for p in pairs] == [
        ("hi", "Start", "शुरुआत"),
        ("hi", "Click Remix at the site.", "साइट पर Remix क्लिक करें।"),
        ("hi", "Offline", "ऑफ़लाइन"),
    ]


def test_steps_without_an_original_give_nothing(tmp_path):
    put(tmp_path / "hi-IN/step_1.md", HINDI)
    with pytest.raises(KleinError, match="nothing could be read"):
        list(read_steps(tmp_path, {"files": ["hi-IN/*.md"]}, "tried"))
