"""Sections of a recipe that describe text, vocabulary and model: what each dial means."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CorpusRecipe:
    """What the corpus is built from.

    Attributes:
        catalogue: Sources table, relative to the recipe's folder.
        sources: Names of the sources to use; empty means all of the catalogue.
        evaluation: Names of the evaluation sets that the guard fingerprints.
        without_classes: Classes of text left out: "M" leaves out machine translations.
        licences: "all", or "permissive" for sources whose licence clearly allows training and
            redistribution of the result.
        language_sources: Sources whose languages are certain; hi, mr and ne, bn and as are told
            apart by what is learned from them. Empty means not at all.
        valid_share: Share of pairs, by content, held out for validation.
        valid_floor: Fewest pairs held out of a language pair and kind, up to a tenth of it.
        valid_cap: Most pairs held out of a language pair and kind.
        scripture_cap: Most pairs a source of class S keeps in a language.
        short_interface_cap: Most pairs of under four words a source of class U keeps in a language.
        glossary_cap: Most pairs a source of class L keeps in a language.
        template_cap: Most translations that differ in nothing but numbers, a source and language.
        max_words: Longest side of a pair, in words; longer passages are cut at a word.
        derived_per_text: Most pairs that follow from translations of one sentence.
        derived_cap: Most such pairs a language pair keeps.
        derived_without: Sources aligned too loosely to join on: two loose ends double the noise.
        judged: Sources aligned by machine or translated by a crowd, and the least margin at which a
            model of ours takes their pairs for translations.
        disagreeing: File of the pairs whose sides it found apart, relative to the recipe's folder,
            "" for none; the build leaves them out.
        struck: File of the texts that the audit found too near to an evaluation text, likewise.
        mono_words_cap: Most words of monolingual text a language keeps.
        mined: Sources with lines in English and other languages that tell the same news, and the
            least ratio margin at which a model of ours takes two of their lines for translations.
        mined_pairs: File of the lines that it paired, likewise; the build makes pairs of them.
    """

    catalogue: str
    sources: list[str]
    evaluation: list[str]
    without_classes: list[str]
    licences: str
    language_sources: list[str]
    valid_share: float
    valid_floor: int
    valid_cap: int
    scripture_cap: int
    short_interface_cap: int
    glossary_cap: int
    template_cap: int
    derived_per_text: int
    derived_cap: int
    derived_without: list[str]
    judged: dict[str, float]
    disagreeing: str
    struck: str
    max_words: int
    mono_words_cap: int
    mined: dict[str, float] = field(default_factory=dict)
    mined_pairs: str = ""


@dataclass(frozen=True, slots=True)
class TokenizerRecipe:
    """How the vocabulary is learned.

    Attributes:
        vocabulary: Number of entries, special tokens and byte tokens included.
        words_read: Most words of a language that are counted.
        side_share: Share of them from sides of parallel sources, each a text of its own; more in a
            language with too little other text.
        words_per_language: Words that a language with an even share weighs among all.
        english_factor: Weight of English in even shares; at most 30 % of all.
        equalise: Exponent of a language's pieces a word in its weight; 0 keeps the shares even.
        rounds: Vocabularies learned one after the other, each with the weights that the pieces
            a word of the one before call for.
        grapheme_safe: Whether no learned piece may begin with a vowel sign or another mark.
        digits: "single" lets every digit stand alone, "runs" lets pieces hold several.
        min_frequency: Fewest occurrences of a merge.
        character_frequency: Fewest occurrences of a character that has an entry.
        cluster_frequency: Fewest occurrences of a letter with its marks that has an entry.
        frozen: Whether ``tokenizer/`` is used as it is instead of learning anew.
    """

    vocabulary: int
    words_read: int
    side_share: float
    words_per_language: int
    english_factor: float
    equalise: float
    rounds: int
    grapheme_safe: bool
    digits: str
    min_frequency: int
    character_frequency: int
    cluster_frequency: int
    frozen: bool


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """Shape of the encoder.

    Attributes:
        width: Size of the hidden states (D).
        layers: Number of transformer blocks.
        heads: Attention heads a block; divides the width.
        feedforward: Size of a block's inner layer.
        max_tokens: Longest text in tokens, both special tokens included.
        content: Leading coordinates of a hidden state that make the sentence vector.
        radius: Length that one in a hundred token vectors has at the slack-coordinate start; longer
            ones are clipped to it.
        bigrams: How many of the static stage's bigrams the encoder knows at that start, each by a
            feed-forward unit of its own.
    """

    width: int
    layers: int
    heads: int
    feedforward: int
    max_tokens: int
    content: int
    radius: float
    bigrams: int
