"""What the contrastive stage is helped by, worked out once and kept beside its checkpoints."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from torch import Tensor

from klein_embedding.errors import KleinError
from klein_embedding.files import digest_of
from klein_embedding.recipe_stages import AugmentRecipe, ContrastiveRecipe
from klein_embedding.tokenizer.frozen import open_tokenizer
from klein_embedding.tokenizer.shards import Shards
from klein_embedding.train import ranks
from klein_embedding.train.augment import Augmenter, Lexicon, lexicon_of
from klein_embedding.train.batches import Guide
from klein_embedding.train.guide import group_losses, neighbourhoods

NEGATIVES = "negatives.npy"
_TASTED = 1024


def aids_of(
    parts: tuple[Shards, Callable[[np.ndarray], Tensor], Path],
    stage: ContrastiveRecipe,
    negatives: np.ndarray | None,
    run: tuple[Path, Callable[[str], None]],
) -> tuple[Guide, Augmenter | None]:
    """The guide of the batches and the writer of other forms, as far as the recipe asks for them.

    Args:
        parts: Training split, what gives static vectors (N, C) of texts by number, and the
            tokenizer's folder.
        stage: Stage section of a recipe.
        negatives: (pairs,) mined text numbers, None for those of the shards.
        run: Folder of the checkpoints, and what is called with each line of progress.
    """
    shards, embed, tokenizer = parts
    seed = stage.run.seed

    def order() -> np.ndarray:
        return neighbourhoods(embed, shards, seed)

    def losses() -> np.ndarray:
        return group_losses(embed, shards, stage.loss.scale, seed)

    some = np.arange(min(_TASTED, len(shards.keys)))
    mark = digest_of([seed, float(embed(some).double().sum()), len(shards.pairs)])[:16]
    found = Guide(
        _kept("order", order, mark, run) if stage.draw.hard else None,
        _kept("losses", losses, mark, run) if stage.draw.by_loss else None,
        negatives,
    )
    return found, augmenter_of(stage.augment, shards, tokenizer)


def _kept(
    name: str,
    work: Callable[[], np.ndarray],
    mark: str,
    run: tuple[Path, Callable[[str], None]],
) -> np.ndarray:
    """An array of an earlier start of the same run, or one that is worked out now."""
    folder, say = run
    path = folder / f"{name}-{mark}.npy"
    if not path.is_file() and ranks.rank() == 0:
        say(f"working out {name} of the pairs by their static vectors")
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npy")
        np.save(part, work())
        part.replace(path)
    ranks.wait()
    return np.load(path)


def augmenter_of(dials: AugmentRecipe, shards: Shards, folder: Path) -> Augmenter | None:
    """What writes texts in other forms, None where the dials ask for none.

    Args:
        dials: Shares of the forms.
        shards: Training split.
        folder: The tokenizer's folder.
    """
    if not dials.share:
        return None
    tokenizer = open_tokenizer(folder)
    lexicon = lexicon_of(shards, tokenizer) if dials.switched else Lexicon({})
    return Augmenter(tokenizer, dials, lexicon)


def mined_negatives(folder: Path, pairs: int) -> np.ndarray:
    """Hard negatives (pairs,) of a finished mining stage.

    Raises:
        KleinError: If they are not there, or belong to other shards.
    """
    if not (folder / NEGATIVES).is_file():
        raise KleinError(f"{folder}: holds no {NEGATIVES}; run the stage here")
    found = np.load(folder / NEGATIVES)
    if len(found) != pairs:
        raise KleinError(f"{folder}: mined from other shards; run the stage again")
    return found
