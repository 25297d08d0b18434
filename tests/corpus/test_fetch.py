"""Fetching: real repositories and packages, whole or absent, the same bytes every time."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from dataclasses import replace

import pytest

from klein_embedding.corpus.fetch import fetch, fetch_all
from klein_embedding.corpus.sources import Source
from klein_embedding.errors import KleinError
from klein_embedding.files import check_files, read_manifest

needs_dpkg = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="dpkg-deb is not installed")
SOURCE = Source(
    name="tried",
    title="",
    origin_kind="git",
    origin="somebody/something",
    files=["**/*.txt"],
    reader="",
    text_class="H",
    licence="CC0-1.0",
    objective="translation",
    weight=1.0,
    cap=0,
    citation="",
)


def git(folder, *arguments):
    who = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def mirror(tmp_path):
    """A repository of two commits, where the mirror's template finds it."""
    folder = tmp_path / "mirror" / "somebody+something" / "repo"
    (folder / "deep").mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "one.txt").write_text("first state\n")
    (folder / "deep" / "दो.txt").write_text("पानी\n", encoding="utf-8")
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / "link.txt").symlink_to("/etc/hostname")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    (folder / "one.txt").write_text("second state\n")
    git(folder, "commit", "-qam", "second")
    return str(tmp_path / "mirror" / "{owner}+{name}" / "repo")


@pytest.fixture
def pins(mirror):
    folder = mirror.format(owner="somebody", name="something")
    return git(folder, "rev-list", "--reverse", "HEAD").split()


@pytest.fixture
def program(tmp_path, monkeypatch):
    """Put a script in the place of a package registry's client."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def write(name, text):
        path = folder / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    return write


def archive(path, members):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def package(folder, name, files):
    """A Debian package with the files, built by dpkg-deb itself."""
    root = folder / f"{name}.root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN" / "control").write_text(
        f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b>\nDescription: a\n"
    )
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    (root / "link.txt").symlink_to("/etc/hostname")
    built = folder / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", root, built], check=True, capture_output=True)
    return built


def tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def nothing_left(raw):
    return not raw.exists() or not list(raw.iterdir())


def test_a_commit_is_read_by_its_globs_and_found_again(tmp_path, mirror, pins):
    source, raw = replace(SOURCE, pins=pins[1:]), tmp_path / "raw"
    first = fetch(source, raw, mirror)
    assert first.fetched and first.files == 2
    assert tree(raw / "tried" / "files") == {
        "one.txt": b"second state\n",
        "deep/दो.txt": "पानी\n".encode(),
    }
    manifest = check_files(raw / "tried")
    assert (manifest["pins"], manifest["origin"]) == (pins[1:], "somebody/something")
    assert "made" not in manifest
    before = tree(raw)
    again = fetch(replace(source, sha256=first.digest), raw, mirror)
    assert not again.fetched and again.digest == first.digest
    shutil.rmtree(raw)
    assert fetch(source, raw, mirror).fetched
    assert tree(raw) == before


def test_several_commits_get_a_folder_each(tmp_path, mirror, pins):
    fetch(replace(SOURCE, pins=pins, files=["one.txt"]), tmp_path, mirror)
    assert tree(tmp_path / "tried" / "files") == {
        f"{pins[0][:12]}/one.txt": b"first state\n",
        f"{pins[1][:12]}/one.txt": b"second state\n",
    }


def test_other_globs_or_another_commit_are_fetched_anew(tmp_path, mirror, pins):
    fetch(replace(SOURCE, pins=pins[1:]), tmp_path, mirror)
    assert fetch(replace(SOURCE, pins=pins[1:], files=["one.txt"]), tmp_path, mirror).files == 1
    assert fetch(replace(SOURCE, pins=pins[:1], files=["one.txt"]), tmp_path, mirror).fetched
    assert tree(tmp_path / "tried" / "files") == {"one.txt": b"first state\n"}
    assert [path.name for path in tmp_path.glob("tried*")] == ["tried"]


def test_without_a_mirror_the_commit_comes_from_github(tmp_path, mirror, pins, monkeypatch):
    served = mirror.format(owner="somebody", name="something")
    git(served, "config", "uploadpack.allowAnySHA1InWant", "true")
    rules = {
        f"url.file://{served}.insteadOf": "https://github.com/somebody/something",
        "protocol.file.allow": "always",
    }
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(rules)))
    for place, (key, value) in enumerate(rules.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{place}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{place}", value)
    source = replace(SOURCE, pins=pins[:1])
    distant, near = fetch(source, tmp_path / "a", None), fetch(source, tmp_path / "b", mirror)
    assert distant.digest == near.digest
    assert tree(distant.folder) == tree(near.folder)


def test_a_missing_commit_is_named_and_leaves_nothing(tmp_path, mirror):
    raw = tmp_path / "raw"
    with pytest.raises(KleinError, match=r"source tried: git ls-tree .*ffffffffffff"):
        fetch(replace(SOURCE, pins=["f" * 40]), raw, mirror)
    assert nothing_left(raw)


def test_a_missing_mirror_is_named(tmp_path):
    with pytest.raises(KleinError, match=r"no repository at .*somebody"):
        fetch(replace(SOURCE, pins=["f" * 40]), tmp_path / "raw", str(tmp_path / "{owner}"))


def test_a_file_that_a_partial_copy_lacks_is_named_or_taken_out(tmp_path, mirror, pins):
    folder = mirror.format(owner="somebody", name="something")
    blob = git(folder, "rev-parse", f"{pins[1]}:one.txt")
    target = tmp_path / "mirror" / "somebody+something" / "repo" / ".git" / "objects"
    (target / blob[:2] / blob[2:]).unlink()
    raw = tmp_path / "raw"
    source = replace(SOURCE, pins=pins[1:])
    with pytest.raises(KleinError, match=r"'one\.txt' of .* is missing"):
        fetch(source, raw, mirror)
    assert nothing_left(raw)
    assert fetch(replace(source, files=["**/*.txt", "!one.txt"]), raw, mirror).files == 1


def test_a_wrong_digest_is_refused_fresh_and_found(tmp_path, mirror, pins):
    raw = tmp_path / "raw"
    source = replace(SOURCE, pins=pins[1:])
    with pytest.raises(KleinError, match="the catalogue says 000"):
        fetch(replace(source, sha256="0" * 64), raw, mirror)
    assert nothing_left(raw)
    fetch(source, raw, mirror)
    with pytest.raises(KleinError, match="the catalogue says 000"):
        fetch(replace(source, sha256="0" * 64), raw, mirror)


def test_globs_that_match_nothing_are_named(tmp_path, mirror, pins):
    with pytest.raises(KleinError, match=r"no file matches \*\.tsv"):
        fetch(replace(SOURCE, pins=pins[1:], files=["*.tsv"]), tmp_path / "raw", mirror)
    assert nothing_left(tmp_path / "raw")


def test_a_folder_is_copied_and_followed_when_it_changes(tmp_path):
    local = tmp_path / "texts"
    local.mkdir()
    (local / "a.txt").write_text("a\n")
    source = replace(SOURCE, origin_kind="folder", origin=str(local))
    assert fetch(source, tmp_path / "raw", None).fetched
    assert not fetch(source, tmp_path / "raw", None).fetched
    assert str(tmp_path) not in str(read_manifest(tmp_path / "raw" / "tried"))
    (local / "a.txt").write_text("b\n")
    assert fetch(source, tmp_path / "raw", None).fetched
    assert tree(tmp_path / "raw" / "tried" / "files") == {"a.txt": b"b\n"}


NPM = replace(SOURCE, origin_kind="npm", origin="@scope/tool", pins=["1.2.3"])


def test_an_npm_package_gives_its_files_but_no_links(tmp_path, program):
    tgz = archive(
        tmp_path / "tool.tgz",
        {"package/a.txt": b"a", "package/l.txt": "/etc/hostname", "package/b.js": b"b"},
    )
    log = tmp_path / "log"
    program("npm", f'echo "$@" > {log}; cp {tgz} .')
    fetch(NPM, tmp_path / "raw", None)
    assert tree(tmp_path / "raw" / "tried" / "files") == {"a.txt": b"a"}
    assert log.read_text().split()[-1] == "@scope/tool@1.2.3"
    assert "--ignore-scripts" in log.read_text()


@pytest.mark.parametrize("evil", ["package/../../evil.txt", "/tmp/evil.txt", "package/..\\e.txt"])
def test_a_path_that_climbs_out_of_an_archive_is_refused(tmp_path, program, evil):
    tgz = archive(tmp_path / "tool.tgz", {"package/a.txt": b"a", evil: b"evil"})
    program("npm", f"cp {tgz} .")
    with pytest.raises(KleinError, match="unsafe path"):
        fetch(NPM, tmp_path / "raw", None)
    assert nothing_left(tmp_path / "raw")
    assert not list(tmp_path.rglob("evil.txt"))


@pytest.mark.parametrize("damage", ["cut", "no archive"])
def test_a_damaged_archive_is_named(tmp_path, program, damage):
    tgz = archive(tmp_path / "tool.tgz", {"package/a.txt": os.urandom(100_000)})
    tgz.write_bytes(tgz.read_bytes()[:50_000] if damage == "cut" else b"hello")
    program("npm", f"cp {tgz} .")
    with pytest.raises(KleinError, match="source tried: a downloaded archive is damaged"):
        fetch(NPM, tmp_path / "raw", None)
    assert nothing_left(tmp_path / "raw")


def test_a_version_that_is_gone_is_named(tmp_path, program):
    program("npm", "echo 'npm error code ETARGET' >&2; exit 1")
    with pytest.raises(KleinError, match=r"tool@1\.2\.3.*ETARGET.*choose a newer one"):
        fetch(NPM, tmp_path / "raw", None)


def handing_out(folder):
    return f'for w; do case "$w" in *=*) cp {folder}/"${{w%%=*}}".deb .;; esac; done'


@needs_dpkg
def test_debian_packages_are_merged_and_may_not_contradict(tmp_path, program):
    package(tmp_path, "one", {"usr/share/a.txt": "a", "usr/share/common.txt": "c"})
    package(tmp_path, "two", {"usr/share/b.txt": "b", "usr/share/common.txt": "c"})
    package(tmp_path, "three", {"usr/share/a.txt": "other"})
    program("apt-get", handing_out(tmp_path))
    source = replace(SOURCE, origin_kind="deb", packages={"one": "1", "two": "1"})
    fetch(source, tmp_path / "raw", None)
    assert tree(tmp_path / "raw" / "tried" / "files") == {
        "usr/share/a.txt": b"a",
        "usr/share/b.txt": b"b",
        "usr/share/common.txt": b"c",
    }
    with pytest.raises(KleinError, match=r"different files 'usr/share/a\.txt'"):
        fetch(replace(source, packages={"one": "1", "three": "1"}), tmp_path / "other", None)
    assert nothing_left(tmp_path / "other")


@needs_dpkg
def test_a_killed_fetch_leaves_no_source_and_the_rerun_gives_the_same_bytes(tmp_path, program):
    for name in ("one", "two"):
        package(tmp_path, name, {f"usr/{name}.txt": name})
    program("apt-get", handing_out(tmp_path))
    # The second package is never opened, so the kill comes when half of the source is written.
    unpack = f'exec {shutil.which("dpkg-deb")} "$@"'
    program("dpkg-deb", f'case "$*" in *two.deb*) sleep 60;; esac; {unpack}')
    source = replace(SOURCE, origin_kind="deb", packages={"one": "1", "two": "1"})
    script = (
        "from pathlib import Path\n"
        "from klein_embedding.corpus.fetch import fetch\n"
        "from klein_embedding.corpus.sources import Source\n"
        f"fetch({source!r}, Path({str(tmp_path / 'raw')!r}), None)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
    half = tmp_path / "raw" / "tried.part" / "files" / "usr" / "one.txt"
    until = time.monotonic() + 30
    while not half.is_file() and time.monotonic() < until:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert half.is_file() and not (tmp_path / "raw" / "tried").exists()
    program("dpkg-deb", unpack)
    assert fetch(source, tmp_path / "raw", None).fetched
    fetch(source, tmp_path / "clean", None)
    assert tree(tmp_path / "raw") == tree(tmp_path / "clean")


def test_the_rest_is_fetched_when_a_source_cannot_be_had(tmp_path, mirror, pins):
    gone = replace(SOURCE, name="gone", pins=["f" * 40])
    there = replace(SOURCE, pins=pins[1:])
    said = []
    failed = fetch_all([gone, there], tmp_path / "raw", mirror, False, said.append)
    assert list(failed) == ["gone"] and "ffffffffffff" in failed["gone"]
    assert [line.partition(":")[0] for line in said] == ["gone", "tried"]
    assert "NOT fetched" in said[0] and "fetched, 2 files" in said[1]
    assert (tmp_path / "raw" / "tried" / "manifest.json").is_file()


def test_strict_stops_at_the_first_source_that_cannot_be_had(tmp_path, mirror, pins):
    gone = replace(SOURCE, name="gone", pins=["f" * 40])
    there = replace(SOURCE, pins=pins[1:])
    with pytest.raises(KleinError, match="source gone"):
        fetch_all([gone, there], tmp_path / "raw", mirror, True, lambda line: None)
    assert nothing_left(tmp_path / "raw")
