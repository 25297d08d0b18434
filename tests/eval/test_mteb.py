"""MTEB runs the released model, and its scores are those of our own metric functions."""

from __future__ import annotations

import socket
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from klein_embedding.errors import KleinError
from klein_embedding.eval import baselines
from klein_embedding.eval.alignment import nearest_hits
from klein_embedding.eval.mteb_model import (
    SCRIPTS,
    SHARED,
    MtebEncoder,
    count_parameters,
    load,
    model_meta,
)
from klein_embedding.eval.scored import Scored
from klein_embedding.eval.similarity import similarity
from klein_embedding.eval.vectors import Space, cosines, indexed
from klein_embedding.files import read_manifest
from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.infer.folder import ONNX
from klein_embedding.languages import LANGUAGES

ROOT = Path(__file__).resolve().parent.parent.parent
RELEASE = ROOT / "release"
needs_mteb = pytest.mark.skipif(find_spec("mteb") is None, reason="mteb is missing")

ENGLISH = (
    "The tea is hot.",
    "The tea is cold.",
    "Her brother plays the flute.",
    "Her brother sells flutes.",
    "The bus was late because of the rain.",
    "It rained late at night.",
    "How far is the station from here?",
    "The station is closed today.",
)
HINDI = (
    "चाय गरम है।",
    "चाय ठंडी है।",
    "उसका भाई बाँसुरी बजाता है।",
    "उसका भाई बाँसुरियाँ बेचता है।",
    "बारिश के कारण बस देर से आई।",
    "देर रात बारिश हुई।",
    "यहाँ से स्टेशन कितनी दूर है?",
    "स्टेशन आज बंद है।",
)
SECOND = (
    "The tea is very warm.",
    "A cup broke on the floor.",
    "Her brother is a flute player.",
    "Her sister sells drums.",
    "Rain made the bus late.",
    "The bus stops at night.",
    "What is the distance to the station?",
    "He likes green mangoes.",
)
SCORES = (4.2, 0.3, 4.6, 2.1, 4.4, 1.2, 4.8, 0.0)


def refuse(*_):
    raise AssertionError("something wants to reach the network")


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    """No network: what asks for it fails, and Hugging Face's libraries are told not to."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE"):
            patch.setenv(name, "1")
        for name in ("HF_HOME", "MTEB_CACHE"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name)))
        patch.setattr(socket.socket, "connect", refuse)
        yield


def written(base, columns, main_score):
    """A task of MTEB whose texts are the ones above."""
    from datasets import Dataset, DatasetDict
    from mteb.abstasks.task_metadata import TaskMetadata

    class Written(base):
        metadata = TaskMetadata(
            name=f"Written{base.__name__}",
            type="STS" if "score" in columns else "BitextMining",
            description="Sentences written for this test.",
            reference=None,
            dataset={"path": "written", "revision": "1"},
            category="t2t",
            modalities=["text"],
            eval_splits=["test"],
            eval_langs=["eng-Latn", "hin-Deva"],
            main_score=main_score,
            date=None,
            domains=None,
            task_subtypes=None,
            license="cc0-1.0",
            annotations_creators=None,
            dialect=None,
            sample_creation=None,
            bibtex_citation=None,
        )

        def load_data(self, *_, **__):
            self.dataset = DatasetDict({"test": Dataset.from_dict(columns)})
            self.data_loaded = True

    return Written()


@pytest.fixture(scope="module")
def tasks(offline):
    from mteb.abstasks import AbsTaskBitextMining, AbsTaskSTS

    pairs = {"sentence1": list(ENGLISH), "sentence2": list(HINDI)}
    judged = {"sentence1": list(ENGLISH), "sentence2": list(SECOND), "score": list(SCORES)}
    return [
        written(AbsTaskBitextMining, pairs, "accuracy"),
        written(AbsTaskSTS, judged, "cosine_spearman"),
    ]


@needs_mteb
@pytest.mark.parametrize("dim", [512, 256, 128])
def test_mteb_scores_are_ours(tasks, dim, tmp_path):
    import mteb

    meta = model_meta(RELEASE)
    # MTEB loads the whole width by itself; the smaller ones are asked for.
    model = meta if dim == 512 else meta.load_model(embed_dim=dim)
    found = mteb.evaluate(
        model, tasks, cache=mteb.ResultCache(tmp_path), show_progress_bar=False, co2_tracker=False
    )
    bitext, sts = (result.scores["test"][0] for result in found.task_results)

    ours = KleinEmbedding(RELEASE)
    hits = nearest_hits(ours.encode(ENGLISH, dim), ours.encode(HINDI, dim))
    assert bitext["accuracy"] == bitext["main_score"] == pytest.approx(hits.mean())
    texts = tuple(dict.fromkeys((*ENGLISH, *SECOND)))
    space = Space(indexed(texts), ours.encode(texts, dim))
    (estimate,) = similarity(space, [Scored("test", "en", ENGLISH, SECOND, SCORES)], "s").values()
    for name in ("spearman", "cosine_spearman", "main_score"):
        assert sts[name] == pytest.approx(estimate.value)
    assert estimate.value > 0.5
    # Widths and releases are kept apart on disk.
    kept = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("Written*.json")]
    assert len(kept) == 2
    assert all(meta.revision in path for path in kept)
    assert all((str(dim) in path) == (dim != 512) for path in kept)


@needs_mteb
def test_the_meta_says_what_the_folder_holds(offline):
    from mteb.models.models_protocols import EncoderProtocol

    meta = model_meta(RELEASE)
    assert meta.name == "klein/klein-embedding"
    assert len(meta.languages) == 15
    assert {"eng-Latn", "hin-Deva", "urd-Arab", "ori-Orya", "sin-Sinh"} < set(meta.languages)
    assert meta.revision == baselines._digest(RELEASE, (ONNX["int8"], "tokenizer.json"))
    assert meta.n_active_parameters < meta.n_parameters
    assert (meta.max_tokens, meta.embed_dim) == (256, [512, 256, 128])
    assert not meta.open_license
    # MTEB adds the tasks that are made from one of those named.
    found = meta.get_training_datasets()
    assert found > set(SHARED)
    assert {"ClimateFEVER.v2", "YahooAnswersTopicsClassification.v2"} < found
    assert meta.is_zero_shot_on(["STSBenchmark"])
    with pytest.raises(ValueError, match="not in the model's supported"):
        meta.load_model(embed_dim=64)
    assert isinstance(meta.load_model(), EncoderProtocol)


def test_the_encoder_keeps_the_order_of_the_batches_and_gives_cosines():
    model = KleinEmbedding(RELEASE)
    encoder = MtebEncoder(model, 128)
    batches = [{"text": list(ENGLISH[:3])}, {"text": list(ENGLISH[3:])}]
    rows = encoder.encode(batches, batch_size=3, show_progress_bar=False)
    np.testing.assert_allclose(rows, model.encode(ENGLISH, 128), atol=1e-6)
    expected = cosines(rows, rows)
    np.testing.assert_allclose(encoder.similarity(rows, rows), expected)
    np.testing.assert_allclose(encoder.similarity(rows[0], rows), expected[:1], atol=1e-6)
    paired = encoder.similarity_pairwise(rows[:4], rows[4:])
    np.testing.assert_allclose(paired, expected[:4, 4:].diagonal(), atol=1e-6)
    with pytest.raises(KleinError, match="precision 'int8': vectors are float32"):
        encoder.encode(batches, precision="int8")


@pytest.mark.parametrize(
    ("revision", "how", "message"),
    [
        ("f" * 64, {}, "is not revision f+ of klein/klein-embedding"),
        (None, {"device": "cuda"}, "runs on the CPU alone; leave out device 'cuda'"),
        (None, {"embed_dim": 64}, "dim 64: the vectors come in 512, 256, 128"),
        (None, {"precision": "int4"}, "choose int8 or float32"),
    ],
)
def test_what_cannot_be_loaded_is_refused(revision, how, message):
    with pytest.raises(KleinError, match=message):
        load("klein/klein-embedding", revision, folder=str(RELEASE), **how)


def test_without_mteb_the_meta_names_the_command(monkeypatch):
    for name in ("mteb", "mteb.models.model_meta"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(KleinError, match="pip install mteb"):
        model_meta(RELEASE)


def test_parameters_are_counted_from_the_shape(model_folder):
    weights = load_file(model_folder / "model.safetensors")
    shape = read_manifest(model_folder)["shape"]
    assert count_parameters(shape) == sum(weight.size for weight in weights.values())


def test_every_language_has_a_script_and_every_shared_source_is_pinned():
    assert list(SCRIPTS) == list(LANGUAGES)
    sources = tomllib.loads((ROOT / "recipes" / "sources.toml").read_text(encoding="utf-8"))
    assert set(SHARED.values()) <= sources.keys()
