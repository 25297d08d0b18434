"""Reader of documents whose names tell their language."""

from __future__ import annotations

import pytest

from klein_embedding.corpus.readers.suffixed import read_suffixed
from klein_embedding.errors import KleinError

ENGLISH = "# Start\n\nOpen the door.\n"
HINDI = "# शुरुआत\n\nदरवाज़ा खोलो।\n"


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def read(root, **options):
    items = list(read_suffixed(root, options, "tried"))
    return [(p.positive_lang, p.anchor, p.positive) for p in items]


def test_originals_lie_beside_their_translations_or_above_them(tmp_path):
    put(tmp_path / "1/README.md", ENGLISH)
    put(tmp_path / "1/translations/README.hi.md", HINDI)
    put(tmp_path / "1/translations/README.fr.md", HINDI)
    put(tmp_path / "2/rules.md", ENGLISH.replace("door", "gate"))
    put(tmp_path / "2/rules-hi_IN.md", HINDI.replace("दरवाज़ा", "फाटक"))
    assert read(tmp_path, folder="translations") == [
        ("hi", "Start", "शुरुआत"),
        ("hi", "Open the door.", "दरवाज़ा खोलो।"),
        ("hi", "Open the gate.", "फाटक खोलो।"),
    ]
    assert len(read(tmp_path)) == 2


def test_a_name_may_be_the_language_alone(tmp_path):
    put(tmp_path / "rules/en-US.md", ENGLISH)
    put(tmp_path / "rules/hi-IN.md", HINDI)
    assert read(tmp_path, english="en-US.md")[0] == ("hi", "Start", "शुरुआत")


def test_translations_without_an_original_give_nothing(tmp_path):
    put(tmp_path / "README.hi.md", HINDI)
    with pytest.raises(KleinError, match="nothing could be read"):
        read(tmp_path)
