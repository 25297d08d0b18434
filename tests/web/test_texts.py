"""What the page does before the model: the same tokens and the same passages as Python."""

from __future__ import annotations

import random
import re
import shutil
import sys
import unicodedata
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from klein_embedding.export.golden import GOLDEN_TEXTS
from klein_embedding.infer.index.pieces import cut
from klein_embedding.languages import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

from server_fuzz import odd_text  # noqa: E402

SAMPLES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "demo/texts").iterdir())]
SHAPES = [
    "",
    "\n \n",
    "one\ntwo\n\nthree  ",
    "# Title\n\nbelow it\n## Next\ntext\n\n\n# Alone",
    "a\n```\ncode\n\nmore\n```\nb\n\nc",
    "Windows\r\nline\r\n\r\nends\r\n",
    "A sentence. " * 200,
    "शब्द " * 400 + "। " + "x" * 1500,
    "\u3000wide\u00a0blanks\u2028 \x1c\n\n\x85next",
]


def test_passages_are_those_of_the_command_line(node):
    code = """import { passages } from "./src/texts.js";
    console.log(JSON.stringify(given.map(passages)));"""
    texts = SAMPLES + SHAPES
    for text, found in zip(texts, node(code, texts), strict=True):
        wanted = [
            (piece.line, piece.start, piece.stop, piece.text) for piece in cut(text, "-", "passage")
        ]
        assert [(p["line"], p["start"], p["stop"], p["text"]) for p in found] == wanted


def test_tokens_are_those_of_python(node, libraries):
    code = """import { Tokenizer } from "@huggingface/tokenizers";
    const read = (name) => JSON.parse(readFileSync(`../release/${name}`));
    const tokenizer = new Tokenizer(read("tokenizer.json"), read("tokenizer_config.json"));
    console.log(JSON.stringify(given.map((text) => tokenizer.encode(text).ids)));"""
    tokenizer = Tokenizer.from_file(str(ROOT / "release/tokenizer.json"))
    draw = random.Random(0)
    odd = [odd_text(draw) for _ in range(600)]
    # Of later characters one of two Unicode tables may not know the class yet.
    known = unicodedata.ucd_3_2_0.category
    odd = [
        "".join(c for c in text if known(c) != "Cn" or "\U0001f300" <= c < "\U0001f600")
        for text in odd
    ]
    texts = [*GOLDEN_TEXTS, *"\n".join(SAMPLES).splitlines(), *odd, "<s> </s> <mask>", "न\u093cक़"]
    found = node(code, texts)
    wanted = [row.ids for row in tokenizer.encode_batch(texts)]
    assert [text for text, a, b in zip(texts, found, wanted, strict=True) if a != b] == []


def test_languages_are_told_from_scripts(node):
    code = """import { languageOf } from "./src/texts.js";
    console.log(JSON.stringify(given.map(languageOf)));"""
    found = dict(
        zip(LANGUAGES, node(code, list(GOLDEN_TEXTS[:1] + GOLDEN_TEXTS[2:16])), strict=True)
    )
    shared = {"mr": "hi", "ne": "hi", "as": "bn"}
    assert found == {code: shared.get(code, code) for code in LANGUAGES}
    assert node(code, ["", "123 …"]) == ["", ""]


def test_a_model_folder_altered_by_one_byte_is_not_built(libraries, build, model_folder, tmp_path):
    folder = shutil.copytree(model_folder, tmp_path / "release")
    out = tmp_path / "dist"
    assert build(folder, out).returncode == 0
    before = sorted(out.rglob("*"))
    content = bytearray((folder / "onnx/model_quantized.onnx").read_bytes())
    content[1000] ^= 1
    (folder / "onnx/model_quantized.onnx").write_bytes(content)
    done = build(folder, out)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1
    assert b"model_quantized.onnx: differs" in done.stderr
    assert sorted(out.rglob("*")) == before
    assert build(tmp_path, out).returncode == 2


def test_the_lock_names_no_registry():
    lock = (ROOT / "web/package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity": "sha512-') > 10


@pytest.mark.parametrize(
    "name", ["index.html", "style.css", "page.js", "worker.js", "client.js", "texts.js"]
)
def test_the_page_names_no_other_host(name):
    text = (ROOT / "web/src" / name).read_text(encoding="utf-8")
    assert re.findall(r"https?:|[\"'(`]//", text) == []
