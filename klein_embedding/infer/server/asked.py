"""What a request asks for, checked before it comes near the model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from klein_embedding.errors import KleinError
from klein_embedding.infer.embedder import DIMS, WIDTH
from klein_embedding.infer.index.find import Wanted as Search
from klein_embedding.infer.server.limits import Limits
from klein_embedding.infer.server.refusal import Refusal
from klein_embedding.infer.tokens import MAX_TOKENS
from klein_embedding.languages import LANGUAGES
from klein_embedding.text import check_encodable

_OPENAI = frozenset({"input", "model", "dimensions", "encoding_format", "user"})
_TEI = frozenset(
    {"inputs", "normalize", "truncate", "truncation_direction", "prompt_name", "dimensions"}
)
_SEARCH = frozenset({"query", "top", "path", "lang", "hybrid"})
_MOST_HITS = 1000
_LONGEST_FILTER = 200
_TOKEN_IDS = (
    "token ids are not read, for they belong to another model's tokenizer; send text "
    "(in LangChain: OpenAIEmbeddings(check_embedding_ctx_length=False))"
)


@dataclass(frozen=True, slots=True)
class Statuses:
    """HTTP statuses in which two interfaces differ.

    Attributes:
        shape: A field is missing, unknown or of the wrong kind.
        size: A text is too long, or there are too many.
    """

    shape: int
    size: int


OPENAI = Statuses(shape=400, size=400)
TEI = Statuses(shape=422, size=413)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request for vectors.

    Attributes:
        texts: At least one.
        dim: Width of the vectors.
        base64: Whether vectors are written as bytes in base64 rather than as numbers.
        whole: Whether a text that the model would cut is to be refused.
    """

    texts: list[str]
    dim: int = WIDTH
    base64: bool = False
    whole: bool = False


def openai_wanted(body: bytes, limits: Limits) -> Wanted:
    """Read a body of OpenAI's ``/v1/embeddings``.

    Raises:
        Refusal: With status 400.
    """
    fields = _fields(body, _OPENAI, OPENAI)
    form = fields.get("encoding_format")
    if form not in (None, "float", "base64"):
        raise Refusal(400, "encoding_format: choose float or base64", "encoding_format")
    for name in ("model", "user"):
        if not isinstance(fields.get(name), str | None):
            raise Refusal(400, f"{name}: expected a string", name)
    texts = _texts(fields, "input", limits, OPENAI)
    return Wanted(texts, _dim(fields, OPENAI), base64=form == "base64")


def tei_wanted(body: bytes, limits: Limits) -> Wanted:
    """Read a body of text-embeddings-inference's ``/embed``.

    Raises:
        Refusal: With status 400 if it is no JSON or holds no text, 422 if it has another shape,
            413 if it holds too much.
    """
    fields = _fields(body, _TEI, TEI)
    for name in ("normalize", "truncate"):
        if type(fields.get(name)) not in (bool, type(None)):
            raise Refusal(422, f"{name}: expected true or false", name)
    if fields.get("normalize") is False:
        raise Refusal(422, "normalize: the model's vectors always have length one", "normalize")
    if fields.get("prompt_name") is not None:
        raise Refusal(422, "prompt_name: the model reads texts without prompts", "prompt_name")
    if fields.get("truncation_direction") not in (None, "Right", "right"):
        raise Refusal(
            422, "truncation_direction: texts are cut on the right", "truncation_direction"
        )
    texts = _texts(fields, "inputs", limits, TEI)
    return Wanted(texts, _dim(fields, TEI), whole=fields.get("truncate") is False)


def search_wanted(body: bytes, limits: Limits) -> Search:
    """Read a body of ``/search``.

    Raises:
        Refusal: With status 400.
    """
    fields = _fields(body, _SEARCH, OPENAI)
    query, top = fields.get("query"), fields.get("top", 5)
    if not isinstance(query, str) or not query.strip():
        raise Refusal(400, "query: say what to look for", "query")
    if type(top) is not int or not 1 <= top <= _MOST_HITS:
        raise Refusal(400, f"top: expected a number from 1 to {_MOST_HITS}", "top")
    path, lang = fields.get("path", ""), fields.get("lang", "")
    for name, value in (("path", path), ("lang", lang)):
        if not isinstance(value, str) or len(value) > _LONGEST_FILTER:
            raise Refusal(400, f"{name}: expected a short string", name)
    hybrid = fields.get("hybrid", False)
    if not isinstance(hybrid, bool):
        raise Refusal(400, "hybrid: expected true or false", "hybrid")
    _texts(fields, "query", limits, OPENAI)
    _encodable(path, "path", OPENAI)
    if lang and lang not in LANGUAGES:
        raise Refusal(400, f"lang: choose one of {', '.join(LANGUAGES)}", "lang")
    return Search(query, top, path, lang, hybrid)


def _fields(body: bytes, known: frozenset[str], statuses: Statuses) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        # Also bytes that are no UTF-8, numbers of thousands of digits, and lists in lists in lists.
        raise Refusal(400, "the body is not JSON") from None
    if not isinstance(fields, dict):
        raise Refusal(statuses.shape, "the body is no JSON object")
    for name in fields:
        if name not in known:
            raise Refusal(
                statuses.shape,
                f"{name[:40]!r}: no such field; there are {', '.join(sorted(known))}",
                name[:40],
            )
    return fields


def _texts(fields: dict[str, Any], name: str, limits: Limits, statuses: Statuses) -> list[str]:
    given = fields.get(name)
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, list):
        raise Refusal(statuses.shape, f"{name}: expected a text or a list of texts", name)
    if not texts:
        raise Refusal(400, f"{name}: is an empty list; send at least one text", name)
    if len(texts) > limits.texts:
        raise Refusal(
            statuses.size,
            f"{name}: {len(texts):,} texts; send at most {limits.texts:,} at once",
            name,
        )
    for number, text in enumerate(texts, start=1):
        if not isinstance(text, str):
            ids = isinstance(text, int | list) and not isinstance(text, bool)
            what = _TOKEN_IDS if ids else f"text {number} is no string"
            raise Refusal(statuses.shape, f"{name}: {what}", name)
        if len(text) > limits.characters:
            raise Refusal(
                statuses.size,
                f"{name}: text {number} has {len(text):,} characters; send at most "
                f"{limits.characters:,}, of which the model reads the first {MAX_TOKENS} tokens",
                name,
            )
        _encodable(text, f"{name}: text {number}", statuses)
    return texts


def _encodable(text: str, where: str, statuses: Statuses) -> None:
    try:
        check_encodable(text, where)
    except KleinError as error:
        raise Refusal(statuses.shape, str(error), where.partition(":")[0]) from None


def _dim(fields: dict[str, Any], statuses: Statuses) -> int:
    dim = fields.get("dimensions")
    if dim is None:
        return WIDTH
    if type(dim) is not int or dim not in DIMS:
        raise Refusal(
            statuses.shape, f"dimensions: choose {', '.join(map(str, DIMS))}", "dimensions"
        )
    return dim
