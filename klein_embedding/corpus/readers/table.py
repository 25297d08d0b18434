"""The table of readers, by the name that a source's entry gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.aligned import read_aligned_lines, read_joshua
from klein_embedding.corpus.readers.android import read_android
from klein_embedding.corpus.readers.articles import read_article_rows
from klein_embedding.corpus.readers.bible import (
    read_bible_csv,
    read_bible_json,
    read_bible_usfm,
    read_bible_xml,
)
from klein_embedding.corpus.readers.captions import read_captions_gz, read_coco
from klein_embedding.corpus.readers.chromium_pak import read_chromium_pak
from klein_embedding.corpus.readers.chromium_xtb import read_chromium_xtb
from klein_embedding.corpus.readers.columns import read_columns
from klein_embedding.corpus.readers.comparable import read_comparable
from klein_embedding.corpus.readers.declaration import read_declaration
from klein_embedding.corpus.readers.dialogue import read_dialogues, read_schemas
from klein_embedding.corpus.readers.dictd import read_dictd
from klein_embedding.corpus.readers.dictionaries import (
    read_headwords,
    read_kannada_dictionary,
    read_wordnet,
)
from klein_embedding.corpus.readers.documents import read_documents
from klein_embedding.corpus.readers.gettext import read_gettext
from klein_embedding.corpus.readers.gettext_po import read_gettext_po
from klein_embedding.corpus.readers.headings import read_headings
from klein_embedding.corpus.readers.html_articles import read_html_articles
from klein_embedding.corpus.readers.hugo import read_hugo
from klein_embedding.corpus.readers.inference import read_instructions, read_nli
from klein_embedding.corpus.readers.keyed import read_keyed
from klein_embedding.corpus.readers.locale_json import read_locale_json
from klein_embedding.corpus.readers.locale_yaml import read_locale_yaml
from klein_embedding.corpus.readers.medquad import read_medquad
from klein_embedding.corpus.readers.moodle import read_moodle
from klein_embedding.corpus.readers.mozilla_lang import read_mozilla_lang
from klein_embedding.corpus.readers.news import read_makhzan, read_news_text, read_plain_lines
from klein_embedding.corpus.readers.parallel_columns import read_parallel_columns
from klein_embedding.corpus.readers.proofs import read_proofs
from klein_embedding.corpus.readers.resources_xml import read_resw, read_xliff
from klein_embedding.corpus.readers.row_keys import read_row_keys
from klein_embedding.corpus.readers.steps import read_steps
from klein_embedding.corpus.readers.stories import read_stories
from klein_embedding.corpus.readers.subtitles import read_subtitles
from klein_embedding.corpus.readers.suffixed import read_suffixed
from klein_embedding.corpus.readers.tabbed import read_tab_lines
from klein_embedding.corpus.readers.tldr import read_tldr
from klein_embedding.corpus.readers.trivia import read_jeopardy, read_open_trivia
from klein_embedding.corpus.readers.verses import read_verses
from klein_embedding.corpus.readers.webnlg import read_webnlg
from klein_embedding.corpus.readers.wiki_extract import read_wiki_extract
from klein_embedding.text import Line, Pair

Reader = Callable[[Path, Mapping[str, Any], str], Iterator[Pair | Line]]

READERS: dict[str, Reader] = {
    "aligned_lines": read_aligned_lines,
    "android": read_android,
    "article_rows": read_article_rows,
    "bible_csv": read_bible_csv,
    "bible_json": read_bible_json,
    "bible_usfm": read_bible_usfm,
    "bible_xml": read_bible_xml,
    "captions_gz": read_captions_gz,
    "chromium_pak": read_chromium_pak,
    "chromium_xtb": read_chromium_xtb,
    "coco": read_coco,
    "columns": read_columns,
    "comparable": read_comparable,
    "declaration": read_declaration,
    "dialogues": read_dialogues,
    "dictd": read_dictd,
    "documents": read_documents,
    "gettext": read_gettext,
    "gettext_po": read_gettext_po,
    "headings": read_headings,
    "headwords": read_headwords,
    "html_articles": read_html_articles,
    "hugo": read_hugo,
    "instructions": read_instructions,
    "jeopardy": read_jeopardy,
    "joshua": read_joshua,
    "kannada_dictionary": read_kannada_dictionary,
    "keyed": read_keyed,
    "locale_json": read_locale_json,
    "locale_yaml": read_locale_yaml,
    "makhzan": read_makhzan,
    "medquad": read_medquad,
    "moodle": read_moodle,
    "mozilla_lang": read_mozilla_lang,
    "news_text": read_news_text,
    "nli": read_nli,
    "open_trivia": read_open_trivia,
    "parallel_columns": read_parallel_columns,
    "plain_lines": read_plain_lines,
    "proofs": read_proofs,
    "resw": read_resw,
    "row_keys": read_row_keys,
    "schemas": read_schemas,
    "steps": read_steps,
    "stories": read_stories,
    "subtitles": read_subtitles,
    "suffixed": read_suffixed,
    "tab_lines": read_tab_lines,
    "tldr": read_tldr,
    "verses": read_verses,
    "webnlg": read_webnlg,
    "wiki_extract": read_wiki_extract,
    "wordnet": read_wordnet,
    "xliff": read_xliff,
}
