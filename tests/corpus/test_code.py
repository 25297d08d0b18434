"""The digest of code: what it covers, and what it leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest

from klein_embedding.corpus import code

FILES = {
    "__init__.py": "",
    "errors.py": "A = 1",
    "corpus/__init__.py": "",
    "corpus/clean.py": "from shop.corpus.steps import step\nfrom shop.errors import A",
    "corpus/steps.py": "import re\n\ndef step(): ...",
    "corpus/other.py": "B = 2",
}


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / "shop" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "shop" / name).write_text(text)
    monkeypatch.setattr(code, "_PACKAGE", tmp_path / "shop")
    monkeypatch.setattr(code, "_NAME", "shop")
    monkeypatch.setattr(code, "_LEFT_OUT", frozenset({"shop.errors"}))
    return tmp_path / "shop"


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("corpus/clean.py", True),
        ("corpus/steps.py", True),
        ("corpus/other.py", False),
        ("errors.py", False),
    ],
)
def test_what_a_module_imports_counts_and_nothing_else(shop: Path, name: str, counts: bool) -> None:
    made = code.code_digest.__wrapped__
    before = made("shop.corpus.clean")
    (shop / name).write_text(FILES[name] + "\n# changed\n")
    assert (made("shop.corpus.clean") != before) is counts


def test_a_reader_is_covered_with_its_helpers_and_without_its_neighbours() -> None:
    one, other = (f"klein_embedding.corpus.readers.{name}" for name in ("android", "verses"))
    assert code.code_digest(one) != code.code_digest(other)
    assert code.code_digest(one, other) != code.code_digest(one)
