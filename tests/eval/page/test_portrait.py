"""Heat map, map, histograms and misses, on texts whose answer is known."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from klein_embedding.errors import KleinError
from klein_embedding.eval.alignment import nearest_hits
from klein_embedding.eval.bitexts import Bitext
from klein_embedding.eval.page import portrait as portraits
from klein_embedding.eval.page.groups import Case, groups_of
from klein_embedding.eval.page.portrait import EDGES, portrait


def test_translations_are_near_and_other_pairs_are_not(drawn):
    heat = drawn.heat
    assert (heat.languages, heat.n) == (("en", "hi", "ur"), 5)
    assert np.allclose(heat.translations, 1, atol=1e-5)
    assert np.abs(heat.others).max() < 0.5
    assert np.allclose(heat.others, np.transpose(heat.others), atol=1e-6)


def test_means_equal_those_of_a_loop_over_pairs(word_vectors, texts):
    model = word_vectors()
    heat = portrait(model, texts).heat
    english = model.encode(texts.sets["tico19"][0].english)
    hindi = model.encode(texts.sets["tico19"][0].texts)
    pairs = [(i, j, float(english[i] @ hindi[j])) for i in range(5) for j in range(5)]
    assert heat.translations[0][1] == pytest.approx(
        np.mean([c for i, j, c in pairs if i == j]), abs=1e-5
    )
    assert heat.others[0][1] == pytest.approx(np.mean([c for i, j, c in pairs if i != j]), abs=1e-5)


def test_the_map_is_the_same_each_time_and_lays_translations_on_one_place(drawn, word_model, texts):
    again = portrait(word_model, texts).plane
    assert again == drawn.plane
    places = {}
    for point in drawn.plane.points:
        places.setdefault(point.meaning, []).append((point.x, point.y))
    assert len(places) == len(drawn.plane.meanings) == 5
    for found in places.values():
        assert np.ptp(np.array(found), axis=0).max() < 1e-5
    assert 0 < sum(drawn.plane.shares) <= 1
    assert drawn.plane.shares[0] >= drawn.plane.shares[1]


def test_components_equal_those_of_scikit_learn(word_vectors, texts):
    from sklearn.decomposition import PCA

    model = word_vectors(noise=1.0)
    plane = portrait(model, texts).plane
    rows = model.encode([point.text for point in plane.points])
    whole = PCA(2, svd_solver="full").fit(rows)
    ours = np.array([[point.x, point.y] for point in plane.points])
    assert np.allclose(np.abs(whole.transform(rows)), np.abs(ours), atol=1e-4)
    assert np.allclose(whole.explained_variance_ratio_, plane.shares, atol=1e-4)


def test_histograms_count_every_pair_once(drawn):
    hindi = next(one for one in drawn.histograms if one.lang == "hi")
    assert sum(hindi.translations) == 5 + 5
    assert sum(hindi.others) == 5 * 4 + 5 * 4
    assert len(hindi.translations) == len(EDGES) - 1
    # A cosine of 1, rounded up or not, lies in the last bin.
    assert hindi.translations[-1] == 9
    assert hindi.translations_mean > hindi.others_mean + 0.5


def test_misses_are_those_that_the_suite_counts(word_vectors, texts):
    model = word_vectors()
    found = portrait(model, texts).gallery
    expected = sum(
        (~nearest_hits(model.encode(b.texts), model.encode(b.english))).sum()
        for bitexts in texts.sets.values()
        for b in bitexts
    )
    assert len(found.misses) == sum(one.misses for one in found.tried) == expected
    assert all(miss.gap >= 0 for miss in found.misses)
    assert [m.gap for m in found.misses] == sorted((m.gap for m in found.misses), reverse=True)


def test_planted_misses_are_found_with_their_groups(drawn):
    assert len(drawn.gallery.misses) == 2
    keys = next(miss for miss in drawn.gallery.misses if miss.lang == "hi")
    assert (keys.right, keys.found) == ("He lost 12 keys in Delhi.", "He lost 21 keys in Delhi.")
    assert keys.found_cosine == pytest.approx(1, abs=1e-5)
    assert set(keys.groups) == {"numbers", "duplicate", "name"}
    counts = {count.key: count for count in drawn.gallery.counts}
    assert (counts["name"].misses, counts["name"].queries) == (1, 2)
    assert counts["negation"].misses == 0
    assert counts["negation"].queries == 2
    assert counts["numbers"].queries == 0


def test_a_repeated_sentence_is_a_miss_and_a_duplicate(word_vectors, texts):
    twins = Bitext("hi", ("एक", "दो"), ("The very same words.", "The very same words."))
    more = dataclasses.replace(texts, sets={**texts.sets, "twins": [twins]})
    found = [m for m in portrait(word_vectors(), more).gallery.misses if m.suite == "twins"]
    assert len(found) == 2
    assert all("duplicate" in miss.groups for miss in found)


def test_misjudged_pairs_carry_the_sign_of_the_error(drawn):
    worst = drawn.ranking.pairs[0]
    assert (worst.first, worst.second) == ("He is not in Paris.", "He is in Paris.")
    assert worst.shift > 0.25
    assert {"negation", "name", "duplicate"} <= set(worst.groups)
    assert drawn.ranking.n == 6
    counts = {count.key: count for count in drawn.ranking.counts}
    assert (counts["negation"].misses, counts["negation"].queries) == (1, 1)


def test_different_sentences_are_no_parallel_set(word_model, texts):
    other = [*texts.sets["tico19"], Bitext("ta", ("ஒன்று",), ("One.",))]
    with pytest.raises(KleinError, match="same sentences"):
        portrait(word_model, dataclasses.replace(texts, sets={"tico19": other}))


@pytest.mark.parametrize(
    ("case", "groups"),
    [
        (Case("hi", "Tom has 1,000 goats", "Tom has 1000 goats"), ("duplicate",)),
        (Case("hi", "Where is my red bag now", "Where is it"), ()),
        (Case("hi", "When I’m old I read", "Something else"), ()),
        (Case("hi", "We met Asha there", "Something else"), ("name",)),
        (Case("hi", "He said “Come here” to them", "Something else"), ()),
        (Case("hi", "It doesn’t rain here", "Something else"), ("negation",)),
        (Case("hi", "We know it all", "Something else"), ()),
        (Case("or", "Come here", "Something else"), ("rare", "short")),
        (Case("hi", "word " * 41, "Something else"), ("long",)),
        (Case("hi", "...", "!"), ("short",)),
        (Case("hi", "It costs 2 rupees", "Something else"), ("numbers",)),
        (Case("hi", "We know it all", "Something else", 0.05, 0.5), ("reference",)),
        (Case("hi", "We know it all", "Something else", 0.05, 0.2), ()),
        (Case("hi", "We know it all", "Something else", 0.3, 0.5), ()),
    ],
)
def test_rules(case, groups):
    assert groups_of(case) == groups


def test_no_set_is_read_that_the_model_was_not_measured_on(monkeypatch, tmp_path):
    test = SimpleNamespace(split="test")
    monkeypatch.setattr(portraits, "load_scored", lambda data, chosen: [test])
    monkeypatch.setattr(portraits, "load_bitexts", lambda data, chosen: [])
    found = portraits.load_texts(tmp_path, {"tatoeba", "stsb", "governance"})
    assert list(found.sets) == ["tatoeba", "tico19", "governance"]
    assert set(found.digests) == {"tatoeba", "tico19", "governance", "stsb"}
