"""The model in MTEB's terms: what it is, and an encoder that MTEB's tasks can call.

`mteb` is imported when `model_meta` is called and nowhere else in this package:
``mteb.evaluate(model_meta().load_model(embed_dim=256), mteb.get_tasks(["Tatoeba"]))``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from klein_embedding.errors import KleinError
from klein_embedding.eval.similarity import pair_cosines
from klein_embedding.eval.vectors import checked, cosines
from klein_embedding.files import digest_of
from klein_embedding.infer.embedder import DIMS, WIDTH, check_dim
from klein_embedding.infer.embedding import KleinEmbedding
from klein_embedding.infer.folder import ONNX, Precision, check_folder, default_folder
from klein_embedding.languages import LANGUAGES

if TYPE_CHECKING:
    from mteb.models.model_meta import ModelMeta

_ORGANISATION = "klein"

# ISO 15924; MTEB writes a language as hin-Deva.
SCRIPTS = {
    "en": "Latn",
    "hi": "Deva",
    "bn": "Beng",
    "ta": "Taml",
    "te": "Telu",
    "mr": "Deva",
    "ml": "Mlym",
    "ur": "Arab",
    "gu": "Gujr",
    "kn": "Knda",
    "pa": "Guru",
    "or": "Orya",
    "as": "Beng",
    "ne": "Deva",
    "si": "Sinh",
}

# MTEB's tasks whose texts come from where a training source comes from, whatever the part or the
# use: on these the model is not zero-shot. The guard knows the sets of `klein eval` alone, so a
# text of another task may well have been trained on. Single-language text is left out.
SHARED = {
    "ARCChallenge": "entailment-bank",
    "AlphaNLI": "story-titles",
    "BibleNLPBitextMining": "bible-ta",
    "ClimateFEVER": "climate-fever",
    "CovidQA": "covid-questions",
    "IndicCrosslingualSTS": "gujarati-mined",
    "IndicXnliPairClassification": "natural-instructions",
    "MNLI": "natural-instructions",
    "MassiveIntentClassification": "nlu-requests",
    "MassiveScenarioClassification": "nlu-requests",
    "MedicalQARetrieval": "medquad",
    "NQ": "short-answers",
    "PIQA": "physical-qa",
    "RuNLUIntentClassification": "nlu-requests",
    "SNLI": "natural-instructions",
    "Tatoeba": "tatoeba-hindi",
    "TwitterURLCorpus": "twitter-paraphrases",
    "XNLI": "natural-instructions",
    "XNLIV2": "natural-instructions",
    "YahooAnswersTopicsClassification": "question-passages",
}
"""MTEB's name of a task or data set, and one of our sources that shares its origin."""


class MtebEncoder:
    """The model behind MTEB's `EncoderProtocol`; MTEB makes it through `load`.

    Attributes:
        mteb_model_meta: What MTEB's `load_model` hangs on it.
    """

    mteb_model_meta: Any = None

    def __init__(self, model: KleinEmbedding, dim: int = WIDTH) -> None:
        """Take a loaded model and the width of the vectors it shall give.

        Raises:
            KleinError: If the model has no vectors of that width.
        """
        self._model, self._dim = model, check_dim(dim)

    def encode(
        self,
        inputs: Iterable[Mapping[str, Any]],
        *,
        task_metadata: object = None,
        hf_split: str = "",
        hf_subset: str = "",
        prompt_type: object = None,
        **kwargs: Any,
    ) -> np.ndarray:
        """Embed the texts of a task; no task has a prompt.

        Args:
            inputs: Batches that hold a list of texts under "text".
            task_metadata: Ignored, as are the split, the subset and the kind of prompt.
            hf_split: Ignored.
            hf_subset: Ignored.
            prompt_type: Ignored.
            **kwargs: MTEB's `EncodeKwargs`. A batch size changes nothing, for a vector does not
                depend on the texts beside it.

        Returns:
            float32 array (n, dim), unit rows.

        Raises:
            KleinError: If another number format is asked for, or a vector is no unit vector.
        """
        if kwargs.get("precision") not in (None, "float32"):
            raise KleinError(
                f"precision {kwargs['precision']!r}: vectors are float32; leave it out"
            )
        texts = [text for batch in inputs for text in batch["text"]]
        return checked(self._model.encode(texts, self._dim), (len(texts), self._dim), "mteb")

    def similarity(self, embeddings1: Any, embeddings2: Any) -> np.ndarray:
        """Cosine (n, m) of each of n unit rows with each of m; a single row may be flat."""
        return cosines(_rows(embeddings1), _rows(embeddings2))

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> np.ndarray:
        """Cosine (n,) of each unit row with the other side's row of the same number."""
        return pair_cosines(_rows(embeddings1), _rows(embeddings2))


def model_meta(folder: Path | str | None = None) -> ModelMeta:
    """What MTEB wants to know of a model folder, and how it loads it.

    The widths are chosen as everywhere in MTEB, ``load_model(embed_dim=128)``; the number format
    by ``load_model(precision="float32")``. Both become part of the results' name.

    Args:
        folder: Model folder; without one, see `default_folder`.

    Raises:
        KleinError: If `mteb` is missing, or the folder is no intact model folder.
    """
    try:
        from mteb.models.model_meta import ModelMeta, ScoringFunction
    except ImportError as error:
        raise KleinError(f"{error}; pip install mteb") from None
    folder = default_folder() if folder is None else Path(folder)
    manifest = check_folder(folder, "int8")
    shape, made = manifest["shape"], manifest["made"]
    return ModelMeta(
        # MTEB writes the type of a loader without the keywords that it hands over.
        loader=cast("Any", load),
        loader_kwargs={"folder": str(folder)},
        name=f"{_ORGANISATION}/{manifest['name']}",
        revision=_revision(manifest),
        release_date=made["date"][:10],
        languages=[f"{LANGUAGES[code].iso3}-{script}" for code, script in SCRIPTS.items()],
        n_parameters=count_parameters(shape),
        n_embedding_parameters=shape["vocabulary"] * shape["width"],
        memory_usage_mb=round((folder / ONNX["int8"]).stat().st_size / 2**20, 1),
        max_tokens=manifest["max_tokens"],
        embed_dim=list(DIMS),
        # Those of the training texts, some of which forbid commerce: see WEIGHTS-LICENSE.md.
        license="multiple",
        open_weights=True,
        public_training_code=made["command"],
        public_training_data=True,
        framework=["ONNX", "Sentence Transformers", "safetensors"],
        similarity_fn_name=ScoringFunction.COSINE,
        use_instructions=False,
        training_datasets=set(SHARED),
    )


def load(  # noqa: PLR0913 - MTEB hands over one argument a choice
    model_name: str,
    revision: str | None,
    *,
    folder: str,
    precision: Precision = "int8",
    embed_dim: int = WIDTH,
    device: str | None = None,
) -> MtebEncoder:
    """Load the model for MTEB, as the loader of `model_meta`.

    Args:
        model_name: Name under which the results are kept.
        revision: Digest that the folder must have, None for any.
        folder: Model folder.
        precision: Number format of the file that is read.
        embed_dim: Width of the vectors.
        device: None or "cpu".

    Raises:
        KleinError: If the folder is missing, altered or of another revision, the width is
            unknown, or the device is no CPU.
    """
    if device not in (None, "cpu"):
        raise KleinError(f"{model_name}: runs on the CPU alone; leave out device {device!r}")
    model = KleinEmbedding(folder, precision)
    if revision not in (None, _revision(model.manifest)):
        raise KleinError(f"{folder}: is not revision {revision} of {model_name}; call model_meta")
    return MtebEncoder(model, embed_dim)


def count_parameters(shape: Mapping[str, int]) -> int:
    """Number of trained numbers of an encoder.

    Args:
        shape: The manifest's "shape": vocabulary, positions, width, feedforward and layers.
    """
    width, inner = shape["width"], shape["feedforward"]
    # Two rows of the layer norm and a single token type stand beside tokens and positions.
    tables = (shape["vocabulary"] + shape["positions"] + 3) * width
    attention = 4 * (width + 1) * width
    feedforward = (width + 1) * inner + (inner + 1) * width
    return tables + shape["layers"] * (attention + feedforward + 4 * width)


def _revision(manifest: Mapping[str, Any]) -> str:
    """The digest that `klein eval` writes beside the int8 figures: of what makes the vectors."""
    return digest_of({name: manifest["files"][name] for name in (ONNX["int8"], "tokenizer.json")})


def _rows(vectors: Any) -> np.ndarray:
    return np.atleast_2d(np.asarray(vectors))
