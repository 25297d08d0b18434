"""What runs on the other machine: joins what arrived, trains for a while, hands over the weights.

``run.sh`` of a bundle starts it with nothing but torch, tokenizers, safetensors and numpy.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from klein_embedding.errors import KleinError
from klein_embedding.files import MANIFEST, now, read_json, sha256
from klein_embedding.recipe import Recipe, parse_table
from klein_embedding.recipe_stages import RunRecipe, StagesRecipe
from klein_embedding.train.bundle import RUNS, SAID, SHARDS, TOKENIZER, is_finished
from klein_embedding.train.order import Workshop
from klein_embedding.train.pieces import Whole, join

_PACKAGES = ("torch", "safetensors")
"""What is loaded late; without the others this file would not have come so far."""
_CHECKPOINT_SECONDS = 120
_ASK_SECONDS = 1.0


def main(words: Sequence[str] | None = None) -> int:
    """Train a bundle's stages for a while.

    Args:
        words: Command line, None for that of the process.

    Returns:
        0 when the call did what it could, 1 when training went wrong, 2 when it cannot begin.
    """
    began = time.monotonic()
    dials = _parser().parse_args(words)
    home = dials.home
    say = _say_to(home / RUNS / SAID)
    try:
        bundle = read_json(home / MANIFEST)
        arrive(home, bundle["files"])
        _check_packages()
    except KleinError as error:
        say(str(error))
        return 2
    from klein_embedding.train.handing import hand_over

    shop = shop_of(home, bundle, say)
    done = _trained(shop, bundle["stages"], began + dials.seconds if dials.seconds else None)
    # The logs are wanted most when something went wrong.
    left = hand_over(shop, bundle if done else None, dials.out or home / "out", dials.again)
    if done is None:
        return 1
    say(_told(done, left))
    return 0


def _check_packages() -> None:
    for name in _PACKAGES:
        if not find_spec(name):
            raise KleinError(f"{sys.executable}: lacks {name}; name an interpreter with PYTHON=")


def _trained(shop: Workshop, names: Sequence[str], deadline: float | None) -> bool | None:
    """Whether all stages are finished, None when something went wrong, which is said."""
    try:
        return train_stages(shop, names, deadline)
    except KleinError as error:
        shop.say(str(error))
    except Exception:
        shop.say(traceback.format_exc())
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.sh", description="Train the stages of a bundle.")
    parser.add_argument("home", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=int, help="end the call after so long")
    parser.add_argument("--out", type=Path, help="folder for logs and weights")
    parser.add_argument("--again", action="store_true", help="hand over from the first part again")
    return parser


def _say_to(path: Path) -> Callable[[str], None]:
    """What writes a line of progress to standard error and to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{now()} {line}\n")

    return say


def _told(done: bool, left: int) -> str:
    if not done:
        return "not finished: call again to go on"
    return f"finished: {left} files are left, call again" if left else "finished and handed over"


def arrive(home: Path, files: dict[str, Any]) -> None:
    """Join the files whose pieces are there.

    Raises:
        KleinError: If a piece is altered, or a file is not whole because pieces are missing.
    """
    wholes = {name: Whole.read(row) for name, row in files.items()}
    # Digests and unpacking leave the interpreter free, so several files are worked on at once.
    with ThreadPoolExecutor() as pool:
        whole = pool.map(lambda name: _is_whole(home / name, wholes[name]), wholes)
        waited = [name for name, done in zip(wholes, whole, strict=True) if not done]
        missing = {
            name: {piece.name for piece in wholes[name].pieces if not (home / piece.name).is_file()}
            for name in waited
        }

        def made(name: str) -> None:
            join(wholes[name], lambda piece: home / piece.name, home / name)

        list(pool.map(made, [name for name in waited if not missing[name]]))
    pieces = sorted(set().union(*missing.values()))
    if pieces:
        loads = sorted({piece.partition("/")[0] for piece in pieces})
        raise KleinError(
            f"not here yet: {', '.join(loads)} ({len(pieces)} pieces, the first {pieces[0]}); "
            "copy them over and call again"
        )


def _is_whole(path: Path, whole: Whole) -> bool:
    there = path.is_file() and path.stat().st_size == whole.bytes
    return there and sha256(path) == whole.sha256


def shop_of(home: Path, bundle: dict[str, Any], say: Callable[[str], None]) -> Workshop:
    """The workshop over there, whose stages save their state every two minutes."""
    recipe = parse_table(Recipe, bundle["recipe"], MANIFEST)
    recipe = replace(recipe, stages=_often_saved(recipe.stages))
    runs = home / RUNS
    return Workshop(recipe, runs / SHARDS, runs / TOKENIZER, runs, say)


def _often_saved(stages: StagesRecipe) -> StagesRecipe:
    def often(run: RunRecipe) -> RunRecipe:
        return replace(run, checkpoint_seconds=min(run.checkpoint_seconds, _CHECKPOINT_SECONDS))

    return replace(
        stages,
        static=replace(stages.static, run=often(stages.static.run)),
        bigrams=replace(stages.bigrams, run=often(stages.bigrams.run)),
        distil=replace(stages.distil, run=often(stages.distil.run)),
        mlm=replace(stages.mlm, run=often(stages.mlm.run)),
        contrastive=replace(stages.contrastive, run=often(stages.contrastive.run)),
    )


def train_stages(shop: Workshop, names: Sequence[str], deadline: float | None) -> bool:
    """Train what is not finished, until the deadline of `time.monotonic`; whether all is."""
    from klein_embedding.train.stages import run_stage

    with _limited(deadline) as over:
        for name in names:
            if is_finished(shop, name):
                continue
            if over.is_set():
                return False
            shop.say(f"{name}: running")
            if not run_stage(shop, name):
                return False
    return True


@contextmanager
def _limited(deadline: float | None) -> Iterator[threading.Event]:
    """Send this process SIGTERM at the deadline, upon which a stage saves its state and ends.

    The event is set where SIGTERM comes between stages. It is sent again each second, because a
    stage that prepares itself does not listen yet.
    """
    over, ended = threading.Event(), threading.Event()
    before = signal.signal(signal.SIGTERM, lambda number, frame: over.set())

    def ask() -> None:
        wait = None if deadline is None else max(deadline - time.monotonic(), 0.0)
        while not ended.wait(wait):
            os.kill(os.getpid(), signal.SIGTERM)
            wait = _ASK_SECONDS

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield over
    finally:
        ended.set()
        thread.join()
        signal.signal(signal.SIGTERM, before)


if __name__ == "__main__":
    sys.exit(main())
