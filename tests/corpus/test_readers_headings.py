"""Headings with the paragraph below them, and the manuals they come from."""

from __future__ import annotations

import gzip
import logging

import pytest

from klein_embedding.corpus.readers import READERS
from klein_embedding.corpus.readers.manuals import man, pod
from klein_embedding.errors import KleinError
from klein_embedding.text import Pair

LONG = "This paragraph has as many words as are needed."


def put(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(root, files=("**/*",)):
    items = list(READERS["headings"](root, {"files": list(files)}, "tried"))
    pairs = [item for item in items if isinstance(item, Pair)]
    assert len(pairs) == len(items)
    assert all(
        (p.anchor_lang, p.positive_lang, p.kind) == ("en", "en", "title-body") for p in pairs
    )
    return [(p.anchor, p.positive) for p in pairs]


def parts(items):
    return [part for part in items if part[1]]


def test_pod_reads_headings_items_and_codes_and_skips_code():
    text = (
        "code\n\n=head1 A B<bold C<x E<lt> y>> one\n\n"
        "See L<the page|perlfoo> and L<perlbar>X<no>.\n\n"
        "    verbatim\n\n=over 4\n\n=item open FILE\n\nC<< a <b> c >> opens.\n\n=item *\n\nDot.\n\n"
        "=back\n\n=begin html\n\nno\n\n=end html\n\nAgain.\n\n=cut\n\nno more\n"
    )
    assert parts(pod(text)) == [
        ("h1", "A bold x < y one"),
        ("p", "See the page and perlbar."),
        ("item", "open FILE"),
        ("p", "a <b> c opens."),
        ("p", "Dot."),
        ("p", "Again."),
    ]


def test_man_reads_sections_fonts_and_escapes_and_skips_examples():
    text = (
        '.\\" a comment\n.TH CAT 1 "today"\n.SH NAME\ncat \\- join files\n.SH "SEE ALSO"\n'
        "Use \\fB\\-n\\fP or\n.BR tac (1),\nit\\(aqs fine.\n.PP\nNext\n.B one\n.nf\nno\n.fi\nLast\n"
    )
    assert parts(man(text)) == [
        ("h1", "NAME"),
        ("p", "cat - join files"),
        ("h1", "SEE ALSO"),
        ("p", "Use -n or tac(1), it's fine."),
        ("p", "Next one"),
        ("p", "Last"),
    ]


def test_short_headings_carry_the_title_and_paragraphs_come_once(tmp_path):
    put(
        tmp_path / "a.html",
        f"<main><h1>1.2. Files</h1><p>Too short.</p><h2>Opening</h2><p>{LONG}</p>"
        f"<h2>How to close a file</h2><p>{LONG} Indeed.</p><h2>Again</h2><p>{LONG}</p>"
        "<h2>Empty</h2><h2>End</h2></main>",
    )
    assert read(tmp_path) == [
        ("Files: Opening", LONG),
        ("How to close a file", f"{LONG} Indeed."),
    ]


def test_packed_man_pages_are_named_by_their_first_section(tmp_path):
    text = f".TH CAT 1\n.SH NAME\ncat \\- join files\n.SH DESCRIPTION\n{LONG}\n"
    put(tmp_path / "cat.1.gz", gzip.compress(text.encode()))
    assert read(tmp_path) == [("cat - join files: Description", LONG)]


@pytest.mark.parametrize("damage", [gzip.compress(b".SH A\nb" * 99)[:-9], b"\xff\xfe\x81"])
def test_a_damaged_manual_is_skipped_and_named(tmp_path, caplog, damage):
    put(tmp_path / "cat.1", f".SH CONCATENATING\n{LONG}\n")
    put(tmp_path / "cut.1.gz", damage)
    assert read(tmp_path) == [("Concatenating", LONG)]
    found = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(found) == 1 and "cut.1.gz" in found[0]


def test_manuals_without_a_heading_are_an_error(tmp_path):
    put(tmp_path / "a.md", LONG)
    with pytest.raises(KleinError, match="source tried: nothing could be read"):
        read(tmp_path)
