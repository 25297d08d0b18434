"""Reader of the translations of one declaration."""

from __future__ import annotations

import pytest

from klein_embedding.corpus.readers.declaration import read_declaration
from klein_embedding.errors import KleinError

TEXT = (
    '<udhr xmlns="http://efele.net/udhr"><title>{}</title>'
    '<article number="1"><title>{}</title><para>{}</para></article>'
    '<article number="2"><title>{}</title>{}</article></udhr>'
)


def test_articles_are_joined_where_they_have_as_many_paragraphs(tmp_path):
    one, two = "<para>No slave.</para>", "<para>दास नहीं।</para><para>कभी नहीं।</para>"
    (tmp_path / "eng.xml").write_text(
        TEXT.format("Rights", "1", "All are free.", "2", one), "utf-8"
    )
    (tmp_path / "hin.xml").write_text(TEXT.format("अधिकार", "१", "सब मुक्त हैं।", "२", two), "utf-8")
    options = {"english": "eng.xml", "languages": {"hin.xml": "hi"}}
    pairs = [
        (p.positive_lang, p.anchor, p.positive) for p in read_declaration(tmp_path, options, "t")
    ]
    assert pairs == [
        ("hi", "Rights", "अधिकार"),
        ("hi", "1", "१"),
        ("hi", "All are free.", "सब मुक्त हैं।"),
        ("hi", "2", "२"),
    ]


def test_a_declaration_without_translations_is_an_error(tmp_path):
    options = {"english": "eng.xml", "languages": {"hin.xml": "hi"}}
    with pytest.raises(KleinError, match="nothing could be read"):
        list(read_declaration(tmp_path, options, "t"))
