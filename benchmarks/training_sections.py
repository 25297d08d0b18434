"""What `training.py` measures: a function a section, each giving its rows."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import training_ours as ours
from performance_page import Row
from torch.profiler import ProfilerActivity, profile
from training_bench import QUICK, Bench, in_turn, print_peak, rate, rates, warm

from klein_embedding.device import choose_compute

_OPERATORS = 14
_FORMATS = ("float32", "bfloat16")
_OURS = ("the same loss", "with static candidates", "with static candidates and table steps")
_MASKED_PAIRS = 4096
_LARGE_BATCH, _LARGE_LENGTH = 512, 64
_GIGA = 1e9


def ceiling(bench: Bench) -> list[Row]:
    """Share of a matrix product's speed that whole steps reach, by shape and length."""
    rows = []
    for shape in bench.sizes.shapes:
        for length in bench.sizes.lengths:
            where = f"{shape}, {length} tokens"
            rows.append(
                _share(bench, f"contrastive step, {where}", _contrastive(bench, shape, length))
            )
            rows.append(_share(bench, f"masked-token step, {where}", _masked(bench, shape, length)))
    return rows


def _contrastive(bench: Bench, shape: str, length: int) -> ours.Ours:
    """The recipe's contrastive stage on texts of one length."""
    model, stage, memory = ours.shape_of(shape), bench.stages.contrastive, bench.sizes.memory
    batch, groups = bench.sizes.tokens // (2 * length), stage.draw.groups
    stage = replace(
        stage,
        draw=replace(stage.draw, batch=batch, pair_tokens=length),
        loss=replace(stage.loss, dims=ours.dims_of(model.content)),
        memory=memory,
        static_steps=0,
    )
    shards = ours.random_shards(groups * 2 * (memory + batch), length, groups)
    return ours.contrastive(shards, model, stage, bench.compute)


def _masked(bench: Bench, shape: str, length: int) -> ours.Ours:
    """The recipe's masked-token stage on texts of one length."""
    tokens = bench.sizes.masked_tokens
    stage = replace(bench.stages.mlm, tokens=tokens, row_tokens=length, pairs=0.0)
    shards = ours.random_shards(_MASKED_PAIRS, length, 1)
    return ours.masked(shards, ours.shape_of(shape), stage, bench.compute)


def _share(bench: Bench, name: str, mine: ours.Ours) -> Row:
    """One cell: a matrix product before or behind each step."""

    def product() -> float:
        found = choose_compute()
        same = found.bfloat16 == bench.compute.bfloat16
        return (found if same else bench.compute).ceiling / _GIGA

    def step() -> float:
        return rate(mine.step) * mine.operations / _GIGA

    warm(mine.step)
    found = in_turn({"theirs": product, "ours": step}, bench.sizes.rounds)
    row = bench.row(("ceiling", name, "GFLOP/s"), found["ours"], found["theirs"])
    return replace(row, note="bfloat16" if bench.compute.bfloat16 else "float32")


def speed(bench: Bench) -> list[Row]:
    """Tokens a second beside sentence-transformers."""
    rows = []
    for said, length in (("real lengths", None), ("32 tokens each", 32)):
        texts = ours.made_texts(bench.sizes.pairs, length)
        rows += _speed_on(bench, texts, said)
    return rows


def _speed_on(bench: Bench, texts: ours.Texts, said: str) -> list[Row]:
    import training_theirs as theirs

    sizes, stage, shape = bench.sizes, bench.stages.contrastive, ours.shape_of(bench.sizes.shape)
    same = ours.plain(stage, sizes.batch, shape.content)
    wider = replace(same, memory=sizes.memory, pull=stage.pull)
    whole = replace(wider, static_steps=stage.static_steps, static_batch=sizes.static_batch)
    other = theirs.encoder(shape, same.loss.dims, texts)
    steps: dict[str, Callable[[], int]] = {
        name: ours.contrastive(texts.shards, shape, dials, bench.compute).step
        for name, dials in zip(_OURS, (same, wider, whole), strict=True)
    }
    for name in _FORMATS:
        steps[name] = other.stepper(sizes.batch, bfloat16=name == "bfloat16")
    found = rates(steps, sizes.rounds)
    formats = {name: found[name] for name in _FORMATS if name in found}
    middle = {name: statistics.median(figures) for name, figures in formats.items()}
    best = max(middle, key=lambda name: middle[name])
    note = "theirs: " + ", ".join(f"{value:,.0f} in {name}" for name, value in middle.items())
    rows = [
        bench.row(
            ("speed", f"{sizes.shape}, {said}: {name}", "tokens/s"), found[name], formats[best]
        )
        for name in _OURS
    ]
    return [replace(row, note=note) for row in rows]


def static(bench: Bench) -> list[Row]:
    """Pairs a second of the static stage beside StaticEmbedding."""
    import training_theirs as theirs

    texts, stage = ours.made_texts(bench.sizes.pairs, None), bench.stages.static
    batch, dims = bench.sizes.static_batch, stage.loss.dims
    stage = replace(stage, draw=replace(stage.draw, batch=batch))
    whole, narrow = theirs.static(dims, texts), theirs.static(dims, texts, 2)
    # One step warms up and one is tried before the rounds.
    ready = [narrow.prepare(batch) for _ in range(bench.sizes.rounds + 2)]

    def tokenised() -> int:
        prepared, tokens = ready.pop()
        narrow.step(prepared, bfloat16=False)
        return tokens

    others = {
        "their defaults": whole.stepper(batch, bfloat16=False),
        "two widths a step": narrow.stepper(batch, bfloat16=False),
        "two widths a step, tokenised beforehand": tokenised,
    }
    mine = ours.static(texts.shards, stage, bench.compute)
    found = rates({"ours": mine.step, **others}, bench.sizes.rounds)
    a_pair = len(texts.shards.ids) / len(texts.shards.pairs)
    pairs = {name: [figure / a_pair for figure in figures] for name, figures in found.items()}
    return [bench.row(("static", name, "pairs/s"), pairs["ours"], pairs[name]) for name in others]


def memory(bench: Bench) -> list[Row]:
    """Peak memory of training in fresh processes."""
    sizes, rows = bench.sizes, []
    cases = (
        (f"{sizes.batch} pairs: all activations kept", ""),
        (f"{sizes.batch} pairs: recomputed", "-again"),
        (f"{_LARGE_BATCH} pairs of {_LARGE_LENGTH} tokens: recomputed", "-again-large"),
    )
    for said, ending in cases:
        found = {}
        for side in ("ours", "theirs"):
            words = [sys.executable, str(Path(__file__).with_name("training.py"))]
            words += ["--peak", side + ending, *(["--quick"] if sizes == QUICK else [])]
            done = subprocess.run(words, stdout=subprocess.PIPE, check=True, text=True)
            found[side] = json.loads(done.stdout)
        about = ("memory", f"{sizes.shape}, {said}", "MiB")
        row = bench.row(about, [found["ours"]["peak"]], [found["theirs"]["peak"]])
        steps = " against ".join(f"{figures['step']:,.0f}" for figures in found.values())
        rows.append(replace(row, note=f"of it above what a step begins with: {steps}"))
    return rows


def print_peak_of(bench: Bench, what: str) -> None:
    """Train what a name says for some steps and print this process's peak memory."""
    side, again, large = (*what.split("-"), "", "")[:3]
    sizes, shape = bench.sizes, ours.shape_of(bench.sizes.shape)
    texts = ours.made_texts(sizes.pairs, _LARGE_LENGTH if large else None)
    batch = _LARGE_BATCH if large else sizes.batch
    stage = ours.plain(bench.stages.contrastive, batch, shape.content)
    if side == "ours":
        stage = replace(stage, recompute=bool(again))
        print_peak(ours.contrastive(texts.shards, shape, stage, bench.compute).step)
        return
    import training_theirs as theirs

    # As many texts at once as ours: a chunk's tokens at the mean length.
    length = _LARGE_LENGTH if large else ours.MEDIAN
    at_once = round(stage.chunk_tokens / length) if again else 0
    other = theirs.encoder(shape, stage.loss.dims, texts, at_once)
    print_peak(other.stepper(batch, bfloat16=bench.compute.bfloat16))


def profiled(bench: Bench) -> list[Row]:
    """Shares of the operators of contrastive steps on texts of 32 tokens."""
    mine = _contrastive(bench, bench.sizes.shape, 32)
    warm(mine.step)
    started = time.perf_counter()
    with profile(activities=[ProfilerActivity.CPU]) as seen:
        for _ in range(bench.sizes.rounds):
            mine.step()
    whole = time.perf_counter() - started
    found = {event.key: event.self_cpu_time_total / 1e6 for event in seen.key_averages()}
    ranked = sorted(found, key=lambda name: -found[name])
    parts = {f"`{name}`": found[name] for name in ranked[:_OPERATORS]}
    parts["all other operators"] = sum(found[name] for name in ranked[_OPERATORS:])
    parts["outside of torch's operators"] = max(whole - sum(found.values()), 0.0)
    return [
        bench.row(("profile", name, "seconds"), [seconds], [whole])
        for name, seconds in parts.items()
    ]
