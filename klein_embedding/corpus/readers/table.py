"""The table of readers, by the name that a source's entry gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.aligned import read_aligned_lines, read_joshua
from klein_embedding.corpus.readers.android import read_android
from klein_embedding.corpus.readers.bible import read_bible_json, read_bible_xml
from klein_embedding.corpus.readers.captions import read_captions_gz, read_coco
from klein_embedding.corpus.readers.chromium_pak import read_chromium_pak
from klein_embedding.corpus.readers.chromium_xtb import read_chromium_xtb
from klein_embedding.corpus.readers.dictd import read_dictd
from klein_embedding.corpus.readers.dictionaries import read_kannada_dictionary, read_wordnet
from klein_embedding.corpus.readers.documents import read_documents
from klein_embedding.corpus.readers.gettext import read_gettext
from klein_embedding.corpus.readers.headings import read_headings
from klein_embedding.corpus.readers.inference import read_instructions, read_nli
from klein_embedding.corpus.readers.keyed import read_keyed
from klein_embedding.corpus.readers.locale_json import read_locale_json
from klein_embedding.corpus.readers.medquad import read_medquad
from klein_embedding.corpus.readers.news import read_makhzan, read_news_text, read_plain_lines
from klein_embedding.corpus.readers.stories import read_stories
from klein_embedding.corpus.readers.tabbed import read_tab_lines
from klein_embedding.corpus.readers.trivia import read_jeopardy, read_open_trivia
from klein_embedding.corpus.readers.verses import read_verses
from klein_embedding.text import Line, Pair

Reader = Callable[[Path, Mapping[str, Any], str], Iterator[Pair | Line]]

READERS: dict[str, Reader] = {
    "aligned_lines": read_aligned_lines,
    "android": read_android,
    "bible_json": read_bible_json,
    "bible_xml": read_bible_xml,
    "captions_gz": read_captions_gz,
    "chromium_pak": read_chromium_pak,
    "chromium_xtb": read_chromium_xtb,
    "coco": read_coco,
    "dictd": read_dictd,
    "documents": read_documents,
    "gettext": read_gettext,
    "headings": read_headings,
    "instructions": read_instructions,
    "joshua": read_joshua,
    "jeopardy": read_jeopardy,
    "kannada_dictionary": read_kannada_dictionary,
    "keyed": read_keyed,
    "locale_json": read_locale_json,
    "makhzan": read_makhzan,
    "medquad": read_medquad,
    "news_text": read_news_text,
    "nli": read_nli,
    "open_trivia": read_open_trivia,
    "plain_lines": read_plain_lines,
    "stories": read_stories,
    "tab_lines": read_tab_lines,
    "verses": read_verses,
    "wordnet": read_wordnet,
}
