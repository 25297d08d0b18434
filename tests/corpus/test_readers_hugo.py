"""Reader of documents of sites made with Hugo."""

from __future__ import annotations

from klein_embedding.corpus.readers.hugo import read_hugo

ENGLISH = """## {{% heading "whatsnext" %}} Pods

A {{< glossary_tooltip term_id="pod" text="Pod" >}}
runs on a {{< glossary_tooltip term_id="node" >}}.

{{< note >}}
Read {{<glossary_tooltip text="this">}}.
"""
HINDI = """## {{% heading "whatsnext" %}} पॉड्स

{{< glossary_tooltip text="नोड" term_id="node" >}} पर {{< glossary_tooltip text="पॉड" >}} चलता है।

{{< note >}}
{{<glossary_tooltip text="यह">}} पढ़ें।
"""


def test_marks_of_templates_give_way_to_what_they_show(tmp_path):
    for lang, text in (("en", ENGLISH), ("hi", HINDI)):
        (tmp_path / lang).mkdir()
        (tmp_path / lang / "pods.md").write_text(text, encoding="utf-8")
    options = {"english": "en", "files": ["hi/*.md"]}
    pairs = [(p.positive_lang, p.anchor, p.positive) for p in read_hugo(tmp_path, options, "tried")]
    assert pairs == [
        ("hi", "Pods", "पॉड्स"),
        ("hi", "A Pod runs on a node.", "नोड पर पॉड चलता है।"),
    ]
