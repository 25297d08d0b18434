"""Sections of a recipe that describe training: what each dial of a stage means."""

from __future__ import annotations

from dataclasses import dataclass

ROUND = "mine", "refine"
"""Names of the two stages of a round of hard negatives, before the number of the round."""


@dataclass(frozen=True, slots=True)
class RunRecipe:
    """Budget, optimiser and schedule: what every stage has.

    Attributes:
        seconds: Wall-clock budget; 0 with no ``max_steps`` leaves the stage out.
        max_steps: Most optimiser steps; 0 means the clock alone decides.
        optimiser: What moves the hidden matrices: "adamw" or "muon"; all else is AdamW's.
        rate: Peak learning rate of the matrices.
        table_rate: Peak learning rate of the token table; 0 keeps it as it is.
        warmup: Share of the budget in which the rate rises.
        cooldown: Share of the budget, at its end, in which the rate falls as 1 - sqrt.
        average: Decay of the moving average of the weights, which replaces them at the end if it
            is better on held-out pairs; 0 for none.
        valid_every: Steps between two validations.
        valid_pairs: Held-out pairs of each language and kind that a validation reads.
        checkpoint_seconds: Seconds between two checkpoints, at most 600.
        compiled: Whether torch.compile makes the encoder's kernels.
        seed: Seed of the weights and of the order of batches.
    """

    seconds: int
    max_steps: int
    optimiser: str
    rate: float
    table_rate: float
    warmup: float
    cooldown: float
    average: float
    valid_every: int
    valid_pairs: int
    checkpoint_seconds: int
    compiled: bool
    seed: int

    @property
    def runs(self) -> bool:
        """Whether the stage has a budget at all."""
        return self.seconds > 0 or self.max_steps > 0


@dataclass(frozen=True, slots=True)
class DrawRecipe:
    """How the pairs of a step are drawn.

    Attributes:
        batch: Pairs a step, all groups of the step together.
        groups: Groups (one source and one language pair each) mixed into one step.
        exponent: Exponent of a group's size in its share of the batches.
        kinds: Factor of the share of groups of a kind of pair; 1 for kinds that are not named.
        repeats: How often a group's pairs may at most be read while the corpus is read once.
        by_loss: Exponent of a group's static loss in its share; 0 leaves the loss out.
        hard: Share of a group's pairs that are drawn from one neighbourhood of the static space.
        pair_tokens: Longest side of a pair in tokens; longer texts are cut.
    """

    batch: int
    groups: int
    exponent: float
    kinds: dict[str, float]
    repeats: float
    by_loss: float
    hard: float
    pair_tokens: int


@dataclass(frozen=True, slots=True)
class LossRecipe:
    """Dials of the contrastive loss.

    Attributes:
        scale: Inverse temperature of InfoNCE.
        dims: Matryoshka widths that share the loss.
        margin: What a translation's cosine must lead by, as LaBSE asks of bitext.
        copies: Cosine of static vectors from which two texts are copies of each other, and the
            copy no negative; 1 for exact copies alone.
        above: A negative whose static cosine to the anchor lies above the positive's by more than
            this does not count; 2 never happens.
    """

    scale: float
    dims: list[int]
    margin: float
    copies: float
    above: float


@dataclass(frozen=True, slots=True)
class AugmentRecipe:
    """Shares of the texts that are read in another form, from 0 to 1.

    Attributes:
        common_script: Brahmic text in the letters of Devanagari.
        romanised: Indic text in Latin letters, as people type it.
        switched: Text some of whose words are replaced by their translations.
        switched_words: Share of the words that have a translation and are replaced.
    """

    common_script: float
    romanised: float
    switched: float
    switched_words: float

    @property
    def share(self) -> float:
        """Share of the texts that are read in any other form."""
        return self.common_script + self.romanised + self.switched


@dataclass(frozen=True, slots=True)
class InducedRecipe:
    """Pairs of words found in the translations themselves.

    Attributes:
        share: Share of the batches, from 0 for none to below 1.
        dice: Least Dice coefficient of the texts that hold the two words.
        count: In how many translations they stand together at least.
    """

    share: float
    dice: float
    count: int


@dataclass(frozen=True, slots=True)
class StaticRecipe:
    """Token vectors whose mean is the sentence vector.

    Attributes:
        run: Budget, optimiser and schedule.
        draw: How pairs are drawn.
        loss: Dials of the loss.
        augment: Other forms of the texts.
        induced: Pairs of words among the pairs.
        turned: Whether the table is turned onto the principal axes of its sentence vectors at the
            end, so that shortened vectors keep most.
    """

    run: RunRecipe
    draw: DrawRecipe
    loss: LossRecipe
    augment: AugmentRecipe
    induced: InducedRecipe
    turned: bool


@dataclass(frozen=True, slots=True)
class BigramsRecipe:
    """Vectors of frequent bigrams upon the tokens' table; pairs are drawn as in the static stage.

    Attributes:
        run: Budget, optimiser and schedule.
        loss: Dials of the loss.
        count: How many bigrams have a vector.
    """

    run: RunRecipe
    loss: LossRecipe
    count: int


@dataclass(frozen=True, slots=True)
class MlmRecipe:
    """Masked tokens.

    Attributes:
        run: Budget, optimiser and schedule.
        tokens: Tokens a step.
        row_tokens: Longest row, its special tokens included.
        masked: Share of the tokens that are to be guessed.
        pairs: Share of the rows that hold a translation pair (TLM).
        exponent: Exponent of a language's texts in its share of the rows.
        chunk_tokens: Tokens that go through the encoder at once.
    """

    run: RunRecipe
    tokens: int
    row_tokens: int
    masked: float
    pairs: float
    exponent: float
    chunk_tokens: int


@dataclass(frozen=True, slots=True)
class DistilRecipe:
    """The encoder's states against the static vectors of tokens and bigrams.

    Attributes:
        run: Budget, optimiser and schedule.
        texts: Texts a step.
        row_tokens: Longest of them in tokens, special ones included.
        valid_tokens: Longest text of a validation.
        exponent: Exponent of a language's texts in its share of the step.
        chunk_tokens: Tokens that go through the encoder at once.
    """

    run: RunRecipe
    texts: int
    row_tokens: int
    valid_tokens: int
    exponent: float
    chunk_tokens: int


@dataclass(frozen=True, slots=True)
class ContrastiveRecipe:
    """The encoder against in-batch negatives, hard negatives and static vectors.

    Attributes:
        run: Budget, optimiser and schedule.
        draw: How pairs are drawn.
        loss: Dials of the loss.
        augment: Other forms of the texts.
        memory: Static vectors of other pairs of the same group that serve as negatives.
        pull: Weight of the loss whose candidates are static vectors.
        static_steps: Static steps of the table beside each step of the encoder; 0 for none.
        static_batch: Pairs of such a static step.
        negatives: Whether a pair's hard negative is read.
        chunk_tokens: Tokens that go through the encoder at once.
        recompute: Whether chunks are computed again for their gradient (GradCache): any batch fits.
    """

    run: RunRecipe
    draw: DrawRecipe
    loss: LossRecipe
    augment: AugmentRecipe
    memory: int
    pull: float
    static_steps: int
    static_batch: int
    negatives: bool
    chunk_tokens: int
    recompute: bool


@dataclass(frozen=True, slots=True)
class MineRecipe:
    """Rounds of hard negatives, each followed by more contrastive training ("refine").

    Attributes:
        rounds: How many; 0 for none.
        seconds: Wall-clock budget of the training after each round.
        max_steps: Most optimiser steps of it; 0 means the clock alone decides.
        vectors: Whose vectors are compared: "encoder", or "static" for the table beside it.
        texts: Most texts of a language that are searched.
        first: First rank, counted from 1, at which a neighbour may be a negative.
        last: Last such rank.
        ceiling: A negative's cosine stays below this share of the positive's.
    """

    rounds: int
    seconds: int
    max_steps: int
    vectors: str
    texts: int
    first: int
    last: int
    ceiling: float


@dataclass(frozen=True, slots=True)
class StagesRecipe:
    """The stages of training, in their order.

    Attributes:
        unseen: Share of the texts whose pairs the static stages leave to the contrastive stage, its
            mining and its rounds, which read no others; 0 gives all pairs to all stages.
        static: Token vectors.
        bigrams: Vectors of bigrams.
        distil: The encoder after static vectors.
        mlm: Masked tokens.
        contrastive: The encoder on pairs.
        mine: Rounds of hard negatives.
    """

    unseen: float
    static: StaticRecipe
    bigrams: BigramsRecipe
    distil: DistilRecipe
    mlm: MlmRecipe
    contrastive: ContrastiveRecipe
    mine: MineRecipe

    def planned(self) -> tuple[str, ...]:
        """Names of the stages that have a budget, in their order."""
        rounds = range(1, self.mine.rounds + 1)
        first = [name for name in ("bigrams", "distil", "mlm") if getattr(self, name).run.runs]
        later = (f"{name}-{number}" for number in rounds for name in ROUND)
        return ("static", *first, "contrastive", *later)
