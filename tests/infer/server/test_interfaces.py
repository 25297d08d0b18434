"""OpenAI's and text-embeddings-inference's requests, by the official clients and by hand."""

from __future__ import annotations

import base64
import warnings

import httpx
import numpy as np
import openai
import pytest

from klein_embedding import __version__

# One for all: making one costs as much as a request.
HTTP = httpx.Client(timeout=120, limits=httpx.Limits(max_keepalive_connections=0))
TEXTS = [
    "the river runs",
    "पानी ही जीवन है।",
    "",
    "پانی ہی زندگی ہے۔",
    "👩‍🚀 \u202e\0",
    "word " * 400,
]
NEAR = 1e-6
KEY = "correct-horse-battery-staple"  # as in conftest.py


@pytest.fixture(scope="module")
def wanted(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the last text is cut
        return model.encode(TEXTS)


@pytest.fixture(scope="module")
def client(server):
    with openai.OpenAI(base_url=f"{server.address}/v1", api_key="none", max_retries=0) as found:
        yield found


def near(rows, wanted):
    found = np.array(rows, dtype=np.float64)
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() < NEAR


def test_the_openai_client_gets_the_librarys_vectors(client, wanted, model):
    answer = client.embeddings.create(model="klein", input=TEXTS)
    near([row.embedding for row in answer.data], wanted)
    assert [row.index for row in answer.data] == list(range(len(TEXTS)))
    assert answer.model == "klein-small"
    assert answer.usage.prompt_tokens == sum(model.count_tokens(TEXTS)) > 256
    assert answer.usage.total_tokens == answer.usage.prompt_tokens


@pytest.mark.parametrize("dim", [512, 256, 128])
def test_the_openai_client_gets_short_vectors(client, model, dim):
    answer = client.embeddings.create(
        model="klein", input=TEXTS[1], dimensions=dim, encoding_format="float"
    )
    near([row.embedding for row in answer.data], model.encode(TEXTS[1], dim=dim))


def test_numbers_and_base64_are_the_same_vectors(server, wanted):
    asked = {"input": TEXTS, "model": "klein"}
    plain, packed = (
        HTTP.post(f"{server.address}/v1/embeddings", json={**asked, "encoding_format": form})
        for form in ("float", "base64")
    )
    near([row["embedding"] for row in plain.json()["data"]], wanted)
    rows = [base64.b64decode(row["embedding"]) for row in packed.json()["data"]]
    near([np.frombuffer(row, dtype="<f4") for row in rows], wanted)
    assert plain.json()["usage"] == packed.json()["usage"]
    assert plain.json()["object"] == "list"
    assert plain.headers["content-type"] == "application/json"


def test_the_openai_client_sees_its_own_errors(client, strict):
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(model="klein", input="x", dimensions=100)
    assert refused.value.param == "dimensions"
    assert "512, 256, 128" in refused.value.body["message"]
    with pytest.raises(openai.BadRequestError, match="check_embedding_ctx_length=False"):
        client.embeddings.create(model="klein", input=[[1, 2, 3]])
    for key in ("wrong", KEY[:-1], f"{KEY}x"):
        with (
            openai.OpenAI(base_url=f"{strict.address}/v1", api_key=key) as stranger,
            pytest.raises(openai.AuthenticationError, match="the key is missing or wrong"),
        ):
            stranger.embeddings.create(model="klein", input="x")
    with openai.OpenAI(base_url=f"{strict.address}/v1", api_key=KEY) as friend:
        assert len(friend.embeddings.create(model="klein", input="x").data) == 1


def test_langchain_gets_the_librarys_vectors(server, wanted, model):
    from langchain_openai import OpenAIEmbeddings

    embeddings = OpenAIEmbeddings(
        model="klein",
        base_url=f"{server.address}/v1",
        api_key="none",
        check_embedding_ctx_length=False,
    )
    near(embeddings.embed_documents(TEXTS), wanted)
    near([embeddings.embed_query("नदी")], model.encode("नदी"))


def test_llamaindex_gets_the_librarys_vectors(server, model):
    from llama_index.embeddings.openai import OpenAIEmbedding

    embedding = OpenAIEmbedding(
        model_name="klein", api_base=f"{server.address}/v1", api_key="none", dimensions=256
    )
    # It replaces line ends by blanks, and refuses the empty text itself.
    texts = [text for text in TEXTS[:4] if text]
    near(embedding.get_text_embedding_batch(texts), model.encode(texts, dim=256))
    near([embedding.get_query_embedding("नदी")], model.encode("नदी", dim=256))


def test_embed_answers_as_text_embeddings_inference_does(server, wanted, model):
    post = f"{server.address}/embed"
    near(HTTP.post(post, json={"inputs": TEXTS}).json(), wanted)
    asked = {"inputs": TEXTS[0], "normalize": True, "truncate": False, "dimensions": 128}
    near(HTTP.post(post, json=asked).json(), model.encode(TEXTS[0], dim=128))
    cut = HTTP.post(post, json={"inputs": TEXTS, "truncate": False})
    assert cut.status_code == 413
    assert "text 6 must have less than 256 tokens" in cut.json()["error"]["message"]


def test_info_and_health(server):
    info = HTTP.get(f"{server.address}/info").json()
    assert info["model_id"] == "klein-small"
    assert info["model_type"] == {"embedding": {"pooling": "mean"}}
    assert (info["max_input_length"], info["max_client_batch_size"]) == (256, 2048)
    assert (info["auto_truncate"], info["version"]) == (True, __version__)
    health = HTTP.get(f"{server.address}/health")
    assert (health.status_code, health.json()["status"]) == (200, "ok")


def test_metrics_count_what_was_answered(server):
    def value(name):
        lines = HTTP.get(f"{server.address}/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    names = (
        'klein_requests_total{route="/embed",status="200"}',
        'klein_requests_total{route="/embed",status="422"}',
        "klein_texts_total",
        "klein_batch_texts_count",
    )
    before = [value(name) for name in names]
    assert HTTP.post(f"{server.address}/embed", json={"inputs": ["a", "b"]}).status_code == 200
    assert HTTP.post(f"{server.address}/embed", json={"inputs": 7}).status_code == 422
    after = [value(name) for name in names]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1, 2, 1]
    assert value("klein_queue_tokens") == 0
    assert value("process_resident_memory_bytes") > 10_000_000
