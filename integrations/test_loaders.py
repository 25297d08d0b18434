"""Other people's loaders, on the blocks that docs/integrations.md shows: vectors equal to ours."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from klein_embedding import KleinEmbedding
from klein_embedding.export.golden import GOLDEN_TEXTS

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/integrations.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^## (.+?)$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
CODE = {
    name: found.groups()
    for name, text in BLOCKS
    if (found := re.search(r"```(python|js)\n(.*?)```", text, re.DOTALL))
}
INT8 = ("scikit-learn",)
FLOAT32 = ROOT / "release/onnx/model.onnx"


@pytest.fixture(scope="module", autouse=True)
def _at_the_root(monkeypatch_module):
    if not FLOAT32.is_file():
        words = ["-m", "klein_embedding.cli.main", "export", "release", "--to", "safetensors"]
        subprocess.run([sys.executable, *words], cwd=ROOT, check=True)
    monkeypatch_module.chdir(ROOT)
    monkeypatch_module.setenv("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="module")
def monkeypatch_module():
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def texts():
    return list(GOLDEN_TEXTS)


@pytest.fixture(scope="module")
def ours(texts):
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for precision in ("float32", "int8"):
            found[precision] = KleinEmbedding(ROOT / "release", precision).encode(texts)
    return found


def test_every_row_of_the_table_has_a_block():
    rows = re.findall(r"^\| \[(.+?)\]\(#(.+?)\)", PAGE, re.MULTILINE)
    assert [name for name, _ in rows] == list(CODE)
    for name, anchor in rows:
        assert anchor == re.sub(r"[^\w -]", "", name.lower()).replace(" ", "-")


@pytest.mark.parametrize("name", CODE)
def test_vectors_equal_ours(name, texts, ours):
    language, code = CODE[name]
    if language == "python":
        names = {"texts": texts}
        exec(compile(code, f"docs/integrations.md: {name}", "exec"), names)
        found = np.array([np.asarray(row) for row in names["vectors"]], dtype=np.float32)
    elif shutil.which("node"):
        found = by_node(code, texts)
    else:
        pytest.skip("no Node.js on this machine")
    wanted = ours["int8" if name in INT8 else "float32"][:, : found.shape[1]]
    wanted = wanted / np.linalg.norm(wanted, axis=1, keepdims=True)
    assert found.shape == wanted.shape
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-4)
    cosines = (found * wanted).sum(axis=1)
    assert cosines.min() > 0.9999, texts[int(cosines.argmin())][:80]


def by_node(code, texts):
    given = f"const texts = {json.dumps(texts)};\n"
    begin, end = code.split("\n\n", 1)
    script = f"{begin}\n{given}{end}\nconsole.log(JSON.stringify(vectors));\n"
    # Beside package.json, whose packages the block imports.
    place = ROOT / "integrations/block.mjs"
    place.write_text(script, encoding="utf-8")
    try:
        done = subprocess.run(
            ["node", str(place)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
        )
    finally:
        place.unlink()
    assert done.returncode == 0, done.stderr
    return np.array(json.loads(done.stdout.splitlines()[-1]), dtype=np.float32)
