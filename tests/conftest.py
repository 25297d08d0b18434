"""Fixtures that several rooms share: a small model with random weights, and the real command."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from tests.browsing import ARGUMENTS, CHROMIUM, PATIENCE, needed

# Threads that spin while they wait for each other's part of a product take the cores from the other
# worker's: four of them on two cores were not done in five minutes with what alone takes one and a
# half.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
CONTENT, WIDTH, FEEDFORWARD, HEADS, LAYERS = 512, 576, 1024, 9, 2

SENTENCES = (
    "Water is life, and the river runs past the old town.",
    "The committee postponed its decision until the engineers had inspected the bridge.",
    "How do I reset my password? Open the settings and choose a new one.",
    "पानी ही जीवन है। नदी शहर के पास बहती है।",
    "জলই জীবন। নদী শহরের পাশ দিয়ে বয়ে যায়।",
    "நீரே உயிர். ஆறு நகரத்தின் அருகே ஓடுகிறது.",
    "پانی ہی زندگی ہے۔ دریا شہر کے پاس بہتا ہے۔",
    "ජලය ජීවිතයයි. ගඟ නගරය අසලින් ගලා යයි.",
)


@pytest.fixture(scope="session")
def small_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained ``tokenizer.json``: BPE with bytes to fall back on, <s> and </s> around a text."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Sequence([decoders.ByteFallback(), decoders.Metaspace()])
    byte_tokens = [f"<0x{byte:02X}>" for byte in range(256)]
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=[*special, *byte_tokens], show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> $B </s>",
        special_tokens=[("<s>", 0), ("</s>", 2)],
    )
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    tokenizer.save(str(path))
    return path


@pytest.fixture(scope="session")
def small_config(small_tokenizer: Path) -> dict[str, Any]:
    """Content of a ``config.json`` that fits `small_weights`."""
    return {
        "vocab_size": Tokenizer.from_file(str(small_tokenizer)).get_vocab_size(),
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "intermediate_size": FEEDFORWARD,
        "hidden_act": "gelu",
        "max_position_embeddings": 258,
        "type_vocab_size": 1,
        "layer_norm_eps": 1e-5,
        "bos_token_id": 0,
        "pad_token_id": 1,
        "eos_token_id": 2,
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }


@pytest.fixture(scope="session")
def small_weights(small_config: dict[str, Any]) -> dict[str, np.ndarray]:
    """Random weights as training leaves them: two slack coordinates ten times the others."""
    draw = np.random.default_rng(7)

    def normal(*size: int, std: float) -> np.ndarray:
        return (std * draw.standard_normal(size)).astype(np.float32)

    table = normal(small_config["vocab_size"], WIDTH, std=1.0)
    table[:, CONTENT:] = 0
    table[:, -2:] = [10, -10]
    weights = {
        "embeddings.word_embeddings.weight": table,
        "embeddings.position_embeddings.weight": normal(258, WIDTH, std=0.1),
        "embeddings.token_type_embeddings.weight": normal(1, WIDTH, std=0.1),
    }
    norms = ["embeddings.LayerNorm"]
    for block in range(LAYERS):
        base = f"encoder.layer.{block}"
        for name, out, inner in (
            ("attention.self.query", WIDTH, WIDTH),
            ("attention.self.key", WIDTH, WIDTH),
            ("attention.self.value", WIDTH, WIDTH),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", FEEDFORWARD, WIDTH),
            ("output.dense", WIDTH, FEEDFORWARD),
        ):
            matrix = normal(out, inner, std=inner**-0.5)
            if inner == WIDTH and "output" not in name:
                matrix[:, CONTENT:] *= 0.05
            weights[f"{base}.{name}.weight"] = matrix
            weights[f"{base}.{name}.bias"] = normal(out, std=0.02)
        norms += [f"{base}.attention.output.LayerNorm", f"{base}.output.LayerNorm"]
    for norm in norms:
        weights[f"{norm}.weight"] = 1 + normal(WIDTH, std=0.05)
        weights[f"{norm}.bias"] = normal(WIDTH, std=0.02)
    weights[f"{norms[-1]}.weight"][CONTENT:] = 0
    weights[f"{norms[-1]}.bias"][CONTENT:] = 0
    return weights


@pytest.fixture(scope="session")
def model_folder(
    tmp_path_factory: pytest.TempPathFactory,
    small_weights: dict[str, np.ndarray],
    small_config: dict[str, Any],
    small_tokenizer: Path,
) -> Path:
    """An exported model folder; copy it before you change anything in it."""
    from klein_embedding.export.card import CardFacts, DataRow
    from klein_embedding.export.folder import export_model

    card = CardFacts(
        name="klein-small",
        summary="Random weights, for tests.",
        licence="apache-2.0",
        data=(DataRow("Made up", "CC0-1.0", 8, ("en", "hi")),),
        figures=(),
        limits=("It was never trained.",),
    )
    folder = tmp_path_factory.mktemp("model") / "release"
    export_model(small_weights, small_config, small_tokenizer, folder, card)
    return folder


Klein = Callable[..., "subprocess.CompletedProcess[bytes]"]


@pytest.fixture(scope="session")
def klein_words() -> Callable[..., list[Any]]:
    """The words of a command line that runs ``klein`` with this interpreter."""

    def words(*arguments: str | bytes | Path) -> list[Any]:
        return [sys.executable, "-m", "klein_embedding.cli.main", *arguments]

    return words


@pytest.fixture(scope="session")
def klein_environment(model_folder: Path) -> dict[str, str]:
    """Environment in which ``klein`` runs from this checkout and uses `model_folder`."""
    return {**os.environ, "KLEIN_MODEL": str(model_folder), "PYTHONPATH": str(ROOT)}


@pytest.fixture(scope="session")
def klein(
    klein_environment: dict[str, str], model_folder: Path, klein_words: Callable[..., list[Any]]
) -> Klein:
    """Runs the real command in a process of its own, on `model_folder`, and returns what it did."""

    def run(
        *arguments: str | bytes | Path,
        stdin: bytes = b"",
        cwd: Path | None = None,
        model: Path = model_folder,
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            klein_words(*arguments),
            input=stdin,
            capture_output=True,
            cwd=cwd,
            env={**klein_environment, "KLEIN_MODEL": str(model)},
            check=False,
            timeout=120,
        )

    return run


# Not for the session: a browser leaves an event loop running, in which none else can be run.
@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium; a machine without it skips these tests, but not where they must run."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        sync_playwright = None
    needed("playwright", sync_playwright, "KLEIN_BROWSER")
    needed("chromium", CHROMIUM, "KLEIN_BROWSER")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(
            executable_path=CHROMIUM, args=ARGUMENTS, timeout=PATIENCE
        )
        yield found
        found.close()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes go by their argument's name: what gzip wrote holds the second, and workers differ."""
    return argname if isinstance(val, bytes) else None
