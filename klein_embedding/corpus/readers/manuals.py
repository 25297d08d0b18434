"""Manuals taken apart into headings and paragraphs: Perl's POD and man pages."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator

from klein_embedding.corpus.readers.reading import lines_of

_POD_INNER = re.compile(r"([A-Z])<([^<>]*)>")
_POD_WIDE = re.compile(r"([A-Z])<<+\s+(.*?)\s+>>+", re.DOTALL)
_POD_ESCAPES = {"lt": "<", "gt": ">", "verbar": "|", "sol": "/"}
# Brackets that were written out on purpose must not look like codes to the next round.
_HIDDEN = str.maketrans({"<": "\ue000", ">": "\ue001"})
_SHOWN = str.maketrans({"\ue000": "<", "\ue001": ">"})
_ROFF_FONT = re.compile(r"\\f(?:\[[^\]]*\]|\(..|.)|\\s[-+]?\d+|\\[&/,|^:%]|\\v'[^']*'")
_ROFF_NAMED = {"aq": "'", "dq": '"', "bu": "", "em": "-", "en": "-", "lq": '"', "rq": '"'}
_ROFF_SPECIAL = re.compile(r"\\\((..)|\\\[([^\]]*)\]|\\(.)")
_ROFF_WORD = re.compile(r'"((?:[^"]|"")*)"|(\S+)')
_ROFF_BREAKS = {"PP", "P", "LP", "TP", "IP", "HP", "TQ", "RS", "RE", "sp", "br", "Pp", "EX", "nf"}
_ROFF_FONTS = {"B", "I", "R", "BR", "BI", "RB", "RI", "IB", "IR", "SM", "SB"}
_ROFF_CODE = {"nf": "fi", "EX": "EE", "TS": "TE", "SY": "YS"}

# Mark of a heading or "p", and the text of the block.
Part = tuple[str, str]


def text_of(content: bytes) -> str:
    """Text of a file that may be packed by gzip, decoded as UTF-8."""
    return (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8")


def pod(text: str) -> Iterator[Part]:
    """Headings ("h1" to "h4", "item") and paragraphs ("p") of a POD document, code left out.

    Source:
        perlpod, perlpodspec.
    """
    open_, skipping = False, False
    for chunk in re.split(r"\n[ \t]*\n+", "\n".join(lines_of(text))):
        command, _, rest = chunk.strip("\n").partition(" ")
        command = command.partition("\n")[0]
        if command.startswith("="):
            open_ = command != "=cut"
            skipping = command == "=begin" or (skipping and command != "=end")
            if re.fullmatch("=head[1-4]", command):
                yield f"h{command[-1]}", _plain_pod(rest)
            elif command == "=item" and not re.match(r"[*\d]", rest):
                yield "item", _plain_pod(rest)
        elif open_ and not skipping and not chunk.lstrip("\n").startswith((" ", "\t")):
            yield "p", _plain_pod(chunk)


def _plain_pod(text: str) -> str:
    text = _POD_WIDE.sub(_pod_code, text)
    before = ""
    while before != text:
        before, text = text, _POD_INNER.sub(_pod_code, text)
    return " ".join(text.translate(_SHOWN).split())


def _pod_code(found: re.Match[str]) -> str:
    code, inner = found[1], found[2]
    if code in "XZ":
        return ""
    if code == "E":
        return _POD_ESCAPES.get(inner, "").translate(_HIDDEN)
    if code == "L":
        label, bar, _ = inner.partition("|")
        return label if bar else inner.strip("/")
    return inner.translate(_HIDDEN)


def man(text: str) -> Iterator[Part]:
    """Headings ("h1", "h2") and paragraphs ("p") of a man page.

    Source:
        man(7), groff_char(7).
    """
    gathered, until = "", ""
    for line in lines_of(text):
        macro, words = _macro(line)
        if until:
            until = "" if macro == until else until
            continue
        if macro in ("SH", "SS", *_ROFF_BREAKS, *_ROFF_CODE) or not line.strip():
            yield "p", _plain_roff(gathered)
            gathered, until = "", _ROFF_CODE.get(macro, "")
        if macro in ("SH", "SS"):
            yield ("h1" if macro == "SH" else "h2"), _plain_roff(" ".join(words))
        elif macro in _ROFF_FONTS:
            # Neighbours in alternating fonts stand without a space between them.
            gathered += " " + ("" if len(macro) == 2 and macro[0] != "S" else " ").join(words)
        elif not macro:
            gathered += " " + line
    yield "p", _plain_roff(gathered)


def _macro(line: str) -> tuple[str, list[str]]:
    """Name of a line's macro, "" for plain text, and its arguments."""
    if not line.startswith((".", "'")):
        return "", []
    name, _, rest = line[1:].strip().partition(" ")
    words = [(one or two).replace('""', '"') for one, two in _ROFF_WORD.findall(rest)]
    # A control line without a macro, such as a comment, is no text either.
    return name or "\\", words


def _plain_roff(text: str) -> str:
    return " ".join(_ROFF_SPECIAL.sub(_roff_character, _ROFF_FONT.sub("", text)).split())


def _roff_character(found: re.Match[str]) -> str:
    name = found[1] or found[2]
    if name is not None:
        return _ROFF_NAMED.get(name, "")
    return {"-": "-", "e": "\\", " ": " ", "~": " ", "c": ""}.get(found[3], "")
