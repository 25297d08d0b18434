"""Learning the vocabulary: BPE with byte fallback over balanced monolingual text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path

import pyarrow.parquet as pq
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

from klein_embedding.errors import KleinError
from klein_embedding.files import digest_of, fresh_folder, read_manifest, write_manifest
from klein_embedding.languages import LANGUAGES
from klein_embedding.recipe import TokenizerRecipe

BOS, PAD, EOS, UNK, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
BOS_ID, PAD_ID, EOS_ID = 0, 1, 2
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
_HEAD = [BOS, PAD, EOS, UNK]


def train_tokenizer(texts: Iterator[str], recipe: TokenizerRecipe) -> Tokenizer:
    """Learn a tokenizer of exactly ``recipe.vocabulary`` entries.

    Ids follow RoBERTa: ``<s>`` 0, ``<pad>`` 1, ``</s>`` 2, ``<unk>`` 3, ``<mask>`` last. The 256
    byte tokens make ``<unk>`` impossible on valid Unicode. Only the learned pieces come from the
    trainer: as special tokens the bytes would match the literal text ``<0x41>``.

    Args:
        texts: Monolingual texts, already balanced over languages.
        recipe: Tokenizer section of a recipe.

    Returns:
        Tokenizer with NFKC, white-space pre-tokenization, byte fallback and ``<s> … </s>``.

    Raises:
        KleinError: If the texts are too few for that many entries.

    Source: Sennrich et al. 2016 (BPE), arXiv 1508.07909.
    """
    learner = _with_model(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=recipe.vocabulary - len(_HEAD) - len(BYTES) - 1,
        min_frequency=recipe.min_frequency,
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    learned = json.loads(learner.to_str())["model"]
    pieces = sorted(learned["vocab"], key=learned["vocab"].__getitem__)
    vocabulary = {piece: at for at, piece in enumerate([*_HEAD, *BYTES, *pieces])}
    if len(vocabulary) != recipe.vocabulary - 1:
        raise KleinError(
            f"tokenizer: the text gave {len(vocabulary) + 1:,} entries of {recipe.vocabulary:,}; "
            "add text or lower vocabulary and min_frequency"
        )
    merges = [tuple(merge) for merge in learned["merges"]]
    model = models.BPE(vocab=vocabulary, merges=merges, unk_token=UNK, byte_fallback=True)
    tokenizer = _with_model(model)
    tokenizer.add_special_tokens([*_HEAD, MASK])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A {EOS}",
        pair=f"{BOS} $A {EOS} {EOS} $B {EOS}",
        special_tokens=[(BOS, BOS_ID), (EOS, EOS_ID)],
    )
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    return tokenizer


def _with_model(model: models.BPE) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Whitespace(), pre_tokenizers.Metaspace(prepend_scheme="always")]
    )
    return tokenizer


def balanced_texts(mono: Path, recipe: TokenizerRecipe) -> Iterator[str]:
    """Monolingual texts with the same number of words of every language.

    A language with less text than asked for is read again from its start; English counts
    ``english_factor`` times.

    Args:
        mono: ``mono.parquet`` of a processed corpus.
        recipe: Tokenizer section of a recipe.

    Raises:
        KleinError: If a language has no text.
    """
    table = pq.read_table(mono, columns=["text", "lang"])
    langs = table["lang"].to_numpy(zero_copy_only=False)
    for code in LANGUAGES:
        texts = table["text"].filter(langs == code).to_pylist()
        if not texts:
            raise KleinError(f"{mono}: no text in {LANGUAGES[code].name}; add a source with it")
        left = int(recipe.words_per_language * (recipe.english_factor if code == "en" else 1))
        # An even stride shows the whole of a language even where only a part is read.
        words = sum(text.count(" ") + 1 for text in texts)
        stride = max(words // max(left, 1), 1)
        while left > 0:
            for text in chain.from_iterable(texts[start::stride] for start in range(stride)):
                yield text
                left -= text.count(" ") + 1
                if left <= 0:
                    break


def make_tokenizer(processed: Path, recipe: TokenizerRecipe, target: Path) -> None:
    """Train on a processed corpus and write ``tokenizer.json`` with its manifest."""
    key = tokenizer_key(processed, recipe)
    guard = read_manifest(processed)["guard"]
    with fresh_folder(target) as part:
        tokenizer = train_tokenizer(balanced_texts(processed / "mono.parquet", recipe), recipe)
        tokenizer.save(str(part / "tokenizer.json"))
        facts = {"stage": "tokenizer", "key": key, "guard": guard, "recipe": asdict(recipe)}
        write_manifest(part, facts)


def tokenizer_key(processed: Path, recipe: TokenizerRecipe) -> str:
    """Digest of everything the vocabulary depends on."""
    corpus = read_manifest(processed)["files"]["mono.parquet"]
    return digest_of({"recipe": asdict(recipe), "mono": corpus})
