"""Principal axes: which coordinates come first, and what a turned table keeps."""

from __future__ import annotations

import numpy as np
import pytest

from klein_embedding.model.axes import principal_axes, turned
from klein_embedding.model.start import centred

DRAW = np.random.default_rng(0)
SIZES = np.array([9.0, 5.0, 3.0, 2.0, 1.0, 0.5] + [0.01] * 26)


def lying_askew(rows=500):
    """Vectors long in a few directions that are no coordinate's, and those directions."""
    directions = np.linalg.qr(DRAW.standard_normal((len(SIZES), len(SIZES))))[0]
    return (DRAW.standard_normal((rows, len(SIZES))) * SIZES) @ directions.T, directions


def cosines(vectors):
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


def test_the_longest_directions_come_first():
    vectors, directions = lying_askew(20_000)
    axes = principal_axes(vectors.T @ vectors / len(vectors))
    assert np.abs(axes.T @ axes - np.eye(32)).max() < 1e-12
    for number in range(6):
        assert abs(axes[:, number] @ directions[:, number]) > 0.99


def test_an_axis_points_where_its_largest_coordinate_does():
    vectors, _ = lying_askew()
    axes = principal_axes(vectors.T @ vectors)
    assert (axes[np.abs(axes).argmax(axis=0), np.arange(32)] > 0).all()


@pytest.mark.parametrize("content", [32, 16])
def test_a_turned_table_is_centred_and_keeps_its_cosines(content):
    vectors, _ = lying_askew()
    found = turned(vectors, principal_axes(vectors.T @ vectors), content)
    assert found.shape == (500, content)
    assert np.abs(found - centred(found)).max() < 1e-12
    assert np.abs(cosines(found) - cosines(vectors)).max() < 1e-3


def test_its_first_coordinates_keep_what_those_of_the_table_lose():
    vectors, _ = lying_askew()
    found = turned(vectors, principal_axes(vectors.T @ vectors), 32)
    whole = cosines(vectors)
    assert np.abs(cosines(found[:, :8]) - whole).mean() < 0.05
    assert np.abs(cosines(vectors[:, :8]) - whole).mean() > 0.1
