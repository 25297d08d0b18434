"""The released model: its vectors, in every loader, against those of its checkpoint."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from klein_embedding.export.dequantise import dequantise_folder
from klein_embedding.export.golden import GOLDEN_TEXTS
from klein_embedding.files import read_manifest
from klein_embedding.infer.embedding import KleinEmbedding

# The last of the golden texts is too long on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::klein_embedding.infer.embedding.TruncationWarning")
ROOT = Path(__file__).resolve().parent.parent
GOLDEN = np.load(ROOT / "tests" / "golden" / "release.npy")
# Weights and activations are rounded to eight bits; the vectors are the checkpoint's, float32.
ROUNDED = 0.999


@pytest.fixture(scope="module")
def float32_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release as a user has it who ran ``klein export release --to safetensors``."""
    folder = tmp_path_factory.mktemp("float32") / "release"
    committed = [*read_manifest(ROOT / "release")["files"], "manifest.json"]
    for name in committed:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "release" / name, folder / name)
    dequantise_folder(folder)
    return folder


def _agree(vectors: np.ndarray, expected: np.ndarray, least: float) -> None:
    assert vectors.shape == expected.shape
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert (vectors * expected).sum(1).min() > least


def test_the_tokenizer_is_what_the_plan_says() -> None:
    tokenizer = Tokenizer.from_file(str(ROOT / "release" / "tokenizer.json"))
    assert tokenizer.get_vocab_size() == 32_000
    special = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    assert [tokenizer.token_to_id(token) for token in special] == [0, 1, 2, 3, 31_999]
    everything = "".join(chr(code) for code in range(0x20, 0x30000) if not 0xD800 <= code < 0xE000)
    for start in range(0, len(everything), 5_000):
        assert 3 not in tokenizer.encode(everything[start : start + 5_000]).ids


@pytest.mark.parametrize("name", ["release", "release-static"])
def test_int8_vectors_are_golden(name: str) -> None:
    golden = np.load(ROOT / "tests" / "golden" / f"{name}.npy")
    _agree(KleinEmbedding(ROOT / name).encode(GOLDEN_TEXTS), golden, ROUNDED)


def test_the_static_model_reads_texts_as_the_frozen_tokenizer_does() -> None:
    first, second = (ROOT / name / "tokenizer.json" for name in ("release-static", "tokenizer"))
    assert first.read_bytes() == second.read_bytes()


def test_vectors_do_not_depend_on_their_company() -> None:
    model = KleinEmbedding(ROOT / "release")
    together = model.encode(GOLDEN_TEXTS)
    alone = np.concatenate([model.encode([text]) for text in GOLDEN_TEXTS])
    assert np.abs(together - alone).max() < 1e-4


def test_sentence_transformers_gives_the_same_vectors(float32_folder: Path) -> None:
    from sentence_transformers import SentenceTransformer

    ours = KleinEmbedding(float32_folder, precision="float32").encode(GOLDEN_TEXTS)
    model = SentenceTransformer(str(float32_folder), device="cpu")
    assert "transformers_modules" not in sys.modules  # where remote code would land
    theirs = model.encode(list(GOLDEN_TEXTS))
    _agree(np.asarray(theirs), ours, 0.9999)
    _agree(np.asarray(theirs), GOLDEN, ROUNDED)


def test_auto_model_gives_the_same_vectors(float32_folder: Path) -> None:
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(float32_folder)
    model = AutoModel.from_pretrained(float32_folder, add_pooling_layer=False).eval()
    batch = tokenizer(list(GOLDEN_TEXTS), padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"].unsqueeze(-1).float()
    vectors = torch.nn.functional.normalize(((hidden * mask).sum(1) / mask.sum(1))[:, :512], dim=1)
    _agree(vectors.numpy(), GOLDEN, ROUNDED)


def test_shorter_vectors_are_the_beginning_renormalised() -> None:
    model = KleinEmbedding(ROOT / "release")
    whole = model.encode(GOLDEN_TEXTS[:6])
    for dim in (256, 128):
        cut = whole[:, :dim] / np.linalg.norm(whole[:, :dim], axis=1, keepdims=True)
        np.testing.assert_allclose(model.encode(GOLDEN_TEXTS[:6], dim=dim), cut, atol=1e-6)
