"""The wheel that carries the default model: built, installed without network, and used."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLACE = "klein_embedding/release/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.iterdir()
    return found


def test_it_holds_the_released_folder_and_none_of_the_large_files(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        manifest = json.loads(archive.read(f"{PLACE}manifest.json"))
    carried = {name.removeprefix(PLACE) for name in names if name.startswith(PLACE)}
    assert carried == {*manifest["files"], "manifest.json"}
    assert wheel.stat().st_size < 60e6


def test_installed_from_one_file_it_embeds_in_any_folder(wheel, tmp_path):
    room = tmp_path / "room"
    venv.create(room, with_pip=True)
    pip = [room / "bin/python", "-m", "pip", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--quiet", "--no-index", "--no-deps", wheel], check=True)
    # What it depends on comes from this environment; the package itself does not.
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": sysconfig.get_path("purelib"),
    }
    done = subprocess.run(
        [room / "bin/klein", "info", "--json"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=True,
    )
    assert str(room) in json.loads(done.stdout)["folder"]
    done = subprocess.run(
        [room / "bin/klein", "similarity", "Water is life.", "पानी ही जीवन है।"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=True,
    )
    assert float(done.stdout) > 0.3
