"""An index follows its files, and embeds a text once."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from klein_embedding.errors import KleinError
from klein_embedding.infer.index.build import add, build
from klein_embedding.infer.index.find import Index, Wanted
from klein_embedding.infer.index.formats import Reading
from klein_embedding.infer.index.store import DATABASE


def texts(folder):
    """Every passage of an index with its place."""
    sql = sqlite3.connect(folder / DATABASE)
    rows = sql.execute(
        "SELECT f.path, p.line, p.text, v.vector FROM passages p JOIN files f ON f.id = p.file "
        "JOIN vectors v ON v.id = p.id ORDER BY f.path, p.start"
    ).fetchall()
    sql.execute("INSERT INTO words (words) VALUES ('integrity-check')")
    counts = {
        sql.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("passages", "vectors", "words")
    }
    assert counts == {len(rows)}
    assert sql.execute("SELECT count(*) FROM pending").fetchone()[0] == 0
    sql.close()
    return sorted((Path(path).name, line, text) for path, line, text, _ in rows)


def test_only_what_changed_is_read_and_only_new_passages_are_embedded(
    tmp_path, write, maker, words
):
    folder, home = tmp_path / "index", tmp_path / "home"
    write(home / "a.txt", "one\n\ntwo\n\ntwo\n\nthree")
    write(home / "b.txt", "four")
    write(home / "c.txt", "five")
    write(home / "d.bin", b"\xff")
    os.utime(home / "b.txt", (1, 1))
    report = build(folder, [home], maker, Reading())
    assert (report.read, report.passages, dict(report.skipped)) == (
        3,
        6,
        {"not readable as UTF-8 text": 1},
    )
    assert sorted(words.seen) == ["five", "four", "one", "three", "two"]

    words.seen.clear()
    report = add(folder, [], maker)
    assert (report.read, report.unchanged, words.seen) == (0, 3, [])
    assert dict(report.skipped) == {"not readable as UTF-8 text": 1}

    write(home / "a.txt", "zero\n\ntwo\n\none\n\nfive")
    (home / "c.txt").unlink()
    write(home / "new/e.txt", "six")
    write(home / "d.bin", "now text")
    report = add(folder, [], maker)
    assert (report.read, report.unchanged, report.removed) == (3, 1, 1)
    assert sorted(words.seen) == ["five", "now text", "six", "zero"]
    assert texts(folder) == [
        ("a.txt", 1, "zero"),
        ("a.txt", 3, "two"),
        ("a.txt", 5, "one"),
        ("a.txt", 7, "five"),
        ("b.txt", 1, "four"),
        ("d.bin", 1, "now text"),
        ("e.txt", 1, "six"),
    ]


def test_a_change_that_keeps_size_and_time_is_seen_when_it_is_fresh(tmp_path, write, maker):
    path = write(tmp_path / "home/a.txt", "one")
    build(tmp_path / "index", [path], maker, Reading())
    stat = path.stat()
    write(path, "two")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    add(tmp_path / "index", [], maker)
    assert texts(tmp_path / "index") == [("a.txt", 1, "two")]


def test_sources_are_kept_and_their_loss_is_told_from_an_empty_disk(tmp_path, write, maker):
    folder = tmp_path / "index"
    write(tmp_path / "home/a.txt", "one")
    single = write(tmp_path / "b.txt", "two")
    build(folder, [tmp_path / "home"], maker, Reading())
    add(folder, [single], maker)
    add(folder, [single], maker)
    assert texts(folder) == [("a.txt", 1, "one"), ("b.txt", 1, "two")]
    single.unlink()
    for removed in (1, 0):
        assert add(folder, [], maker).removed == removed
    assert texts(folder) == [("a.txt", 1, "one")]
    (tmp_path / "home").rename(tmp_path / "away")
    with pytest.raises(KleinError, match="home: no such folder; bring it back"):
        add(folder, [], maker)
    assert texts(folder) == [("a.txt", 1, "one")]


def test_a_file_that_is_gone_while_it_is_read_counts(tmp_path, write, maker, monkeypatch):
    path = write(tmp_path / "home/a.txt", "one")
    write(tmp_path / "home/b.txt", "two")
    from klein_embedding.infer.index import update

    real = update.load

    def load(name, reading):
        if name == path:
            path.unlink()
        return real(name, reading)

    monkeypatch.setattr(update, "load", load)
    report = build(tmp_path / "index", [tmp_path / "home"], maker, Reading())
    assert (report.passages, dict(report.skipped)) == (1, {"no such file": 1})


def test_an_index_inside_its_own_folder_does_not_read_itself(tmp_path, write, maker):
    write(tmp_path / "home/a.txt", "one")
    folder = tmp_path / "home/index"
    assert build(folder, [tmp_path / "home"], maker, Reading()).skipped == {}
    assert add(folder, [], maker).read == 0


def test_nothing_to_index_leaves_what_was_there(tmp_path, write, maker):
    folder, empty = tmp_path / "index", tmp_path / "empty"
    empty.mkdir()
    assert build(folder, [empty], maker, Reading()).passages == 0
    assert not folder.exists()
    build(folder, [write(tmp_path / "a.txt", "one")], maker, Reading())
    assert build(folder, [empty], maker, Reading()).passages == 0
    assert texts(folder) == [("a.txt", 1, "one")]


def test_other_models_and_widths_are_refused_with_both_names(tmp_path, write, maker):
    folder = tmp_path / "index"
    path = write(tmp_path / "a.txt", "one")
    build(folder, [path], maker, Reading())
    other = replace(maker, name="others", digest="2" * 64)
    both = r"made by words \(11111111\) in 128 dimensions, and this is others \(22222222\) in 128"
    index = Index(folder)
    for wrong, message in ((other, both), (replace(maker, dim=256), "in 256")):
        with pytest.raises(KleinError, match=message):
            add(folder, [path], wrong)
        with pytest.raises(KleinError, match=message):
            index.search(wrong, Wanted("one"))
    index.close()
    build(folder, [path], other, Reading())
    add(folder, [], other)


def test_folders_that_are_no_index_are_refused(tmp_path, write, maker):
    path = write(tmp_path / "home/a.txt", "one")
    reading = Reading()
    with pytest.raises(KleinError, match="holds other files"):
        build(tmp_path / "home", [path], maker, reading)
    with pytest.raises(KleinError, match="is a file"):
        build(path, [path], maker, reading)
    with pytest.raises(KleinError, match="no such file or folder"):
        build(tmp_path / "index", [tmp_path / "none"], maker, reading)
    assert not (tmp_path / "index").exists()
    for act in (lambda: add(tmp_path / "index", [], maker), lambda: Index(tmp_path / "index")):
        with pytest.raises(KleinError, match="holds no index; make one with"):
            act()


def test_damaged_and_newer_databases_are_refused(tmp_path, write, maker):
    folder = tmp_path / "index"
    path = write(tmp_path / "a.txt", "one")
    build(folder, [path], maker, Reading())
    sql = sqlite3.connect(folder / DATABASE)
    sql.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    sql.commit()
    sql.close()
    with pytest.raises(KleinError, match="index of format 99, this version reads 1; build"):
        Index(folder)
    write(folder / DATABASE, b"no database at all" * 100)
    with pytest.raises(KleinError, match="not readable as an index"):
        Index(folder)
    build(folder, [path], maker, Reading())
    assert texts(folder) == [("a.txt", 1, "one")]


def test_a_second_writer_is_refused_and_readers_are_not(tmp_path, write, maker):
    folder = tmp_path / "index"
    path = write(tmp_path / "a.txt", "one")
    build(folder, [path], maker, Reading())
    lock = sqlite3.connect(folder / "index.lock", isolation_level=None)
    lock.execute("BEGIN EXCLUSIVE")
    for act in (lambda: add(folder, [], maker), lambda: build(folder, [path], maker, Reading())):
        with pytest.raises(KleinError, match="another process is writing"):
            act()
    index = Index(folder)
    assert [hit.text for hit in index.search(maker, Wanted("one"))] == ["one"]
    index.close()
    lock.close()
    add(folder, [], maker)


def test_a_full_disk_is_one_line_and_the_index_is_what_it_was(tmp_path, write, maker, monkeypatch):
    folder = tmp_path / "index"
    build(folder, [write(tmp_path / "home/a.txt", "one")], maker, Reading())
    write(tmp_path / "home/b.txt", "\n\n".join(f"number {n}" for n in range(2000)))
    from klein_embedding.infer.index import store

    class Small(store.Store):
        def __init__(self, path, *, create=False):
            super().__init__(path, create=create)
            self.sql.execute("PRAGMA max_page_count = 40")

    monkeypatch.setattr("klein_embedding.infer.index.build.Store", Small)
    with pytest.raises(KleinError, match=r"could not be used .*full"):
        add(folder, [tmp_path / "home"], maker)
    monkeypatch.undo()
    assert [hit.text for hit in Index(folder).search(maker, Wanted("one"))] == ["one"]
    assert add(folder, [tmp_path / "home"], maker).passages == 2001
