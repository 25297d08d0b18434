"""What ``klein serve`` refuses before it serves."""

from __future__ import annotations

import shutil
import socket

import pytest

from klein_embedding.cli import main as cli
from tests.cli.test_use import refused


def test_help_shows_an_example(klein):
    done = klein("serve", "--help")
    assert done.returncode == 0
    assert b"Example: klein serve" in done.stdout


def test_a_port_in_use(klein):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused(klein("serve", "--port", str(port)), f"port {port} on 127.0.0.1: ")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--port", "70000"], "choose one from 0 to 65535"),
        (["--port", "http"], "--port"),
        (["--host", "no.such.host.invalid"], "check --host"),
        (["--host", "a..b"], "check --host"),
        (["--host", "192.0.2.1"], "192.0.2.1"),
        (["--web", "/nonexistent"], "npm run build"),
        (["--index", "/nonexistent"], "/nonexistent"),
        (["--max-texts", "0"], "--max-texts"),
        (["--key-file", "/nonexistent"], "no key can be read"),
    ],
)
def test_bad_options(told, options, words):
    assert words in told("serve", "--port", "0", *options)


@pytest.mark.parametrize("key", ["short", "with a blank inside of it", "ключ-ключ-ключ-ключ", ""])
def test_weak_keys(told, tmp_path, key):
    (tmp_path / "key").write_text(f"{key}\n", encoding="utf-8")
    message = told("serve", "--port", "0", "--key-file", str(tmp_path / "key"))
    assert "at least 16 characters" in message


@pytest.fixture
def told(capsys, model_folder, monkeypatch):
    """Runs a command line in this process and returns the one line that refuses it."""
    monkeypatch.setenv("KLEIN_MODEL", str(model_folder))

    def run(*arguments):
        assert cli.run(arguments) == 2
        out, message = capsys.readouterr()
        assert out == ""
        assert message.startswith("klein: ")
        assert message.count("\n") == 1
        return message

    return run


def test_a_model_folder_altered_by_one_byte(klein, model_folder, tmp_path):
    folder = shutil.copytree(model_folder, tmp_path / "release")
    for name in ("onnx/model_quantized.onnx", "tokenizer.json"):
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)
        refused(klein("serve", "--port", "0", "--model", folder), f"{name}: differs")
        shutil.copy(model_folder / name, folder / name)
