"""Pinned evaluation text: read whole in each format, or refused with what to do."""

from __future__ import annotations

import dataclasses
import io
import json
import shutil
import tarfile
import tomllib
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from klein_embedding.errors import KleinError
from klein_embedding.eval.bitexts import BITEXTS, TATOEBA, load_bitexts
from klein_embedding.eval.judged import JUDGED, load_judged
from klein_embedding.eval.labelled import LABELLED, load_labelled
from klein_embedding.eval.run import SUITES
from klein_embedding.eval.scored import SCORED, STS12_16, STSB, load_scored
from klein_embedding.eval.sets import EvalSet
from klein_embedding.languages import LANGUAGES
from tests.eval.conftest import write_set

ROOT = Path(__file__).resolve().parents[2]
GOOD = "g\tf\t2012test\t1\t3.25\tA man sings.\tA man is singing.\tmore\tcolumns"


def book(rows: Sequence[Sequence[object]]) -> bytes:
    """A spreadsheet."""
    table = Workbook()
    for row in rows:
        table.active.append(row)
    held = io.BytesIO()
    table.save(held)
    return held.getvalue()


@pytest.mark.parametrize(
    "chosen", [*BITEXTS, *SCORED, *JUDGED, *LABELLED], ids=lambda chosen: chosen.name
)
def test_each_set_is_pinned_as_the_catalogue_pins_it(chosen):
    catalogue = tomllib.loads((ROOT / "recipes/sources.toml").read_text(encoding="utf-8"))
    recipe = tomllib.loads((ROOT / "recipes/v0.3.toml").read_text(encoding="utf-8"))
    source = catalogue[chosen.folder]
    assert chosen.digest == source["sha256"]
    assert chosen.folder in recipe["corpus"]["evaluation"]
    assert any(pin[:8] in chosen.citation for pin in source["pins"])


def test_scores_beside_are_pinned_too_and_no_set_of_the_guard():
    catalogue = tomllib.loads((ROOT / "recipes/sources.toml").read_text(encoding="utf-8"))
    recipe = tomllib.loads((ROOT / "recipes/v0.2.toml").read_text(encoding="utf-8"))
    name = f"{STS12_16.folder}-scores"
    assert catalogue[name]["sha256"] == STS12_16.scores
    assert catalogue[name]["pins"] == catalogue[STS12_16.folder]["pins"]
    assert name not in recipe["corpus"]["evaluation"]


def test_the_documentation_names_every_suite():
    text = (ROOT / "docs/evaluation.md").read_text(encoding="utf-8")
    named = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    assert sorted(named[1:]) == sorted(SUITES)


def test_bitexts_are_read_line_by_line(bitexts, tmp_path):
    (bitext,) = load_bitexts(tmp_path, bitexts)
    assert (bitext.lang, len(bitext.texts)) == ("hi", 4)
    assert bitext.texts[2] == "चाय तैयार है।"
    assert bitext.english[2] == "Tea is ready."


def test_a_translation_memory_is_read_by_language_without_repeats(tmp_path):
    units = [("The river is wide.", "नदी चौड़ी है।"), ("Tea is ready.", "चाय तैयार है।")]
    body = "".join(
        f'<tu tuid="{at}"><tuv xml:lang="en"><seg>{english}</seg></tuv>'
        f'<tuv xml:lang="hi"><seg>{hindi}</seg></tuv></tu>'
        for at, (english, hindi) in enumerate([*units, ("Tea is ready!", "चाय बन गई है।")])
    )
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("all.en-hi.tmx", f"<tmx><body>{body}</body></tmx>")
    chosen = write_set(tmp_path, "tico19", {"data/TM/all.en-hi.tmx.zip": held.getvalue()})
    (bitext,) = load_bitexts(tmp_path, chosen)
    # The third has the second's English, but for its last mark.
    assert list(zip(bitext.english, bitext.texts, strict=True)) == units


def test_an_archive_gives_its_two_languages(tmp_path):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for lang in ("ne", "si"):
            for side, text in ((lang, f"{lang} एक\n{lang} दो\n"), ("en", "one\ntwo\n")):
                info = tarfile.TarInfo(f"flores_test_sets/wikipedia.devtest.{lang}-en.{side}")
                info.size = len(text.encode())
                archive.addfile(info, io.BytesIO(text.encode()))
    name = "previous_releases/floresv1/data/flores_test_sets.tgz"
    found = load_bitexts(tmp_path, write_set(tmp_path, "flores", {name: held.getvalue()}))
    assert [(bitext.lang, bitext.english) for bitext in found] == [
        ("ne", ("one", "two")),
        ("si", ("one", "two")),
    ]


def test_rated_systems_give_each_reference_once(tmp_path):
    parts = [
        f"Indic MT Eval/{lang}_{part}"
        for lang in ("Guj", "Hin", "Mal", "Mar", "Tam")
        for part in ("train", "val", "test")
    ]
    parts += [f"Zero Shot/{lang}" for lang in ("assamese", "kannada", "punjabi")]
    files = {}
    for number, part in enumerate(parts):
        rows = [
            {"src": f"sentence {number}", "ref": f"वाक्य {number}", "translation": t} for t in "ab"
        ]
        files[f"Dataset/{part}.jsonl"] = "".join(
            json.dumps(row, ensure_ascii=False) + "\n" for row in rows
        )
    found = {b.lang: b for b in load_bitexts(tmp_path, write_set(tmp_path, "indicmt", files))}
    assert set(found) == {"as", "gu", "hi", "kn", "ml", "mr", "pa", "ta"}
    assert found["gu"].english == ("sentence 0", "sentence 1", "sentence 2")
    assert found["kn"].texts == ("वाक्य 16",)


def test_posts_that_nobody_translated_are_left_out(tmp_path):
    typed = "kya haal hai bhai\nlove u bhai\nkal milte hain\n"
    english = "how are you brother\nLove u bhai\nsee you tomorrow\n"
    files = {"s-enhi.txt": typed, "t-en.txt": english}
    (bitext,) = load_bitexts(tmp_path, write_set(tmp_path, "hinglish", files))
    assert (bitext.lang, bitext.texts) == ("hi", ("kya haal hai bhai", "kal milte hain"))
    assert bitext.english == ("how are you brother", "see you tomorrow")


def test_two_columns_and_questions_and_ratings(tmp_path):
    odia = "One is here.||ଏକ ଏଠାରେ |\nan orphan\nTwo.||ଦୁଇ\n"
    chosen = write_set(tmp_path, "odia", {"data/output/organised/test.txt": odia})
    (bitext,) = load_bitexts(tmp_path, chosen)
    assert bitext.texts == ("ଏକ ଏଠାରେ |", "ଦୁଇ")
    files = {f"mgsm/mgsm_{lang}.tsv": f"{lang} q\t7\n{lang} r\t8\n" for lang in ("en", "bn", "te")}
    bengali, _ = load_bitexts(tmp_path, write_set(tmp_path, "mgsm", files))
    assert (bengali.texts, bengali.english) == (("bn q", "bn r"), ("en q", "en r"))
    rows = [
        ("Original", "or translation", "score"),
        ("A.", "ଅ", 5),
        ("B.", "ବ", 3),
        ("C.", "ଗ", None),
    ]
    files = {"human_evaluation_data/samples Odia.xlsx": book(rows)}
    (rated,) = load_bitexts(tmp_path, write_set(tmp_path, "indicxnli", files))
    assert (rated.lang, rated.texts, rated.english) == ("or", ("ଅ",), ("A.",))


def test_what_every_language_holds_stays_in_one_order(tmp_path):
    tags = ("asm", "ban", "guj", "hin", "kan", "mal", "mar", "odi", "pan", "tam", "tel", "urd")
    lines = {"eng": "One.\nTwo.\nThree.\nTwo.\n"}
    lines |= {tag: f"{tag} a\n{tag} b\n{tag} c\n{tag} d\n" for tag in tags}
    # In one language two sentences have one translation: the second can stand in none.
    lines["odi"] = "odi a\nodi b\nodi A.\nodi d\n"
    files = {f"nway_parallel.{tag}": text for tag, text in lines.items()}
    found = load_bitexts(tmp_path, write_set(tmp_path, "governance", files))
    assert " ".join(b.lang for b in found) == "as bn gu hi kn ml mr or pa ta te ur"
    assert {b.english for b in found} == {("One.", "Two.")}
    assert next(b for b in found if b.lang == "bn").texts == ("ban a", "ban b")
    files["nway_parallel.tel"] = "tel a\n"
    with pytest.raises(KleinError, match="not readable as governance"):
        load_bitexts(tmp_path, write_set(tmp_path, "governance", files))


def test_reviews_are_read_by_their_heads(tmp_path):
    head = "src,tgt,src_lang,tgt_lang,domain\n"
    rows = '"Good, and cheap.","ଭଲ, ଏବଂ ଶସ୍ତା।",eng,x,shop\n"Good, and cheap!",b,eng,x,shop\n'
    files = {
        f"translated_data/benchmark/Reviews_Benchmark_{name}.csv": head + rows
        for name in ("Odia", "Gujarati")
    }
    found = load_bitexts(tmp_path, write_set(tmp_path, "reviews", files))
    assert [(b.lang, b.texts, b.english) for b in found] == [
        (lang, ("ଭଲ, ଏବଂ ଶସ୍ତା।",), ("Good, and cheap.",)) for lang in ("gu", "or")
    ]


def test_a_line_separator_inside_a_sentence_does_not_shift_the_lines(scored, tmp_path):
    split, _ = load_scored(tmp_path, scored([GOOD.replace(" sings", "\u2028sings"), GOOD]))
    assert split.first == ("A man\u2028sings.", "A man sings.")


def test_scored_pairs_have_score_and_texts(scored, tmp_path):
    dev, test = load_scored(tmp_path, scored([GOOD]))
    assert [part.split for part in (dev, test)] == ["dev", "test"]
    assert (test.lang, test.scores) == ("en", (3.25,))
    assert (test.first, test.second) == (("A man sings.",), ("A man is singing.",))


def _years(tmp_path, gold: str) -> EvalSet:
    stem = "data/downstream/STS/STS{}-en-test/STS.{}.{}.txt"
    texts = {
        stem.format(12, "input", "a"): "A man sings.\tA man is singing.\nTea.\tCoffee.\n",
        stem.format(12, "input", "b.c"): "One.\tTwo.\thttp://from.where\n",
        stem.format(13, "input", "a"): "Rain falls.\tIt rains.\n",
    }
    scores = {
        stem.format(12, "gs", "a"): gold,
        stem.format(12, "gs", "b.c"): "2.5\n",
        stem.format(12, "gs", "ALL"): "5\n\n2.5\n",
        stem.format(13, "gs", "a"): "4\n",
    }
    beside = write_set(tmp_path, "sts12-16-scores", scores)
    chosen = write_set(tmp_path, "sts12-16", texts)
    return dataclasses.replace(chosen, scores=beside.digest)


def test_scores_in_a_folder_of_their_own_meet_their_pairs(tmp_path):
    first, second = load_scored(tmp_path, _years(tmp_path, "5\n\n"))
    assert (first.split, second.split) == ("2012", "2013")
    # The pair that nobody scored is left out, and the address behind a pair too.
    assert (first.first, first.second) == (("A man sings.", "One."), ("A man is singing.", "Two."))
    assert first.scores == (5, 2.5)


def test_scores_that_are_missing_too_few_or_altered_are_refused(tmp_path):
    chosen = _years(tmp_path, "5\n")
    with pytest.raises(KleinError, match="not readable as sts12-16"):
        load_scored(tmp_path, chosen)
    with pytest.raises(KleinError, match="differs from the pinned"):
        load_scored(tmp_path, dataclasses.replace(chosen, scores="0" * 64))
    shutil.rmtree(tmp_path / "small-sts12-16-scores")
    with pytest.raises(KleinError, match="evaluation text is not there"):
        load_scored(tmp_path, chosen)


def test_relatedness_in_one_field_and_in_columns(tmp_path):
    rows = {
        "eng": 'PairID,Text,Score\n1,"A ""quoted"" word.\nIt is there.",0.5\n',
        "mar": 'PairID,Text,Score\n1,"""एक आहे.""\n""दोन आहे.""",0.25\n',
    }
    files = {f"Track A/{k}/{k}_test_with_labels.csv": text for k, text in rows.items()}
    english, marathi = load_scored(tmp_path, write_set(tmp_path, "semrel", files))
    assert (english.first, english.second) == (('A "quoted" word.',), ("It is there.",))
    assert (marathi.lang, marathi.first, marathi.second) == ("mr", ("एक आहे.",), ("दोन आहे.",))
    assert marathi.scores == (0.25,)
    text = 'Sentence1,Sentence2,Label\nएक,"दोन, तीन",4.5\n'
    chosen = write_set(tmp_path, "mahasts", {"L3Cube-MahaSTS/val.csv": text})
    (pairs,) = load_scored(tmp_path, chosen)
    assert (pairs.split, pairs.lang, pairs.second, pairs.scores) == (
        "val",
        "mr",
        ("दोन, तीन",),
        (4.5,),
    )
    chosen = write_set(tmp_path, "mahasts", {"L3Cube-MahaSTS/val.csv": text.replace("एक", "")})
    with pytest.raises(KleinError, match="row 1 lacks a sentence"):
        load_scored(tmp_path, chosen)


def test_a_pair_of_short_sentences_counts_once_with_its_first_score(tmp_path):
    head = "\ufeffID,sentence1,sentence2,manual_similarity\n"
    rows = {
        "sinhala": "1,එක ,දෙක,0.4\n2,තුන,,0.2\n3,එක, දෙක,0.6\n",
        "tamil": '1,"ஒன்று, இரண்டு",மூன்று,1\n',
    }
    folder = "Tamil-Sinhala-Short-sentence-similarity/data"
    files = {f"{folder}/{name}/train.csv": head + text for name, text in rows.items()}
    sinhala, tamil = load_scored(tmp_path, write_set(tmp_path, "short-sts", files))
    assert (sinhala.lang, sinhala.first, sinhala.second) == ("si", ("එක",), ("දෙක",))
    assert sinhala.scores == (0.4,)
    assert (tamil.split, tamil.lang, tamil.first) == ("all", "ta", ("ஒன்று, இரண்டு",))


def test_abstracts_queries_and_judgements(tmp_path):
    files = {
        "cran.all.1400": ".I 1\n.T\na .\n.A\nb.\n.W\na wing\nin air .\n"
        ".I 2\n.T\n.W\n.I 3\n.W\nheat .\n",
        "cran.qry": ".I 001\n.W\nwhat of wings .\n.I 004\n.W\nand heat .\n.I 5\n.W\nnothing .\n",
        "cranqrel": "1 1 2\n1 3 -1\n2 3 4\n2 2 1\n",
    }
    (found,) = load_judged(tmp_path, write_set(tmp_path, "cranfield", files))
    # Judgements count queries from one whatever their numbers; the second document is empty.
    assert found.queries == ("what of wings .", "and heat .")
    assert found.documents == ("a wing in air .", "heat .")
    assert found.relevant == (frozenset({0}), frozenset({1}))
    files = {
        "npl/doc-text": "1\nfirst text\nof two lines\n   /\n3\nthird\n   /\n",
        "npl/query-text": "1\nWHERE IS IT\n/\n2\nAND THIS\n/\n",
        "npl/rlv-ass": "1\n  1  2\n   /\n2\n  3\n   /\n",
    }
    (found,) = load_judged(tmp_path, write_set(tmp_path, "npl", files))
    assert found.queries == ("where is it", "and this")
    assert found.documents == ("first text of two lines", "third")
    assert found.relevant == (frozenset({0}), frozenset({1}))


def test_questions_in_another_language_than_their_answers(tmp_path):
    head = ("dataset", "id", "src_lang", "src", "tgt_lang", "tgt")
    faq = [
        ("F", "Q_1_1", "EN", "Who may?", "HI", "कौन?"),
        ("F", "A_1_1", "EN", "Any may.", "HI", "कोई भी।"),
    ]
    mind = [
        ("I", "Q1", "EN", "What is it?", "TA", "என்ன?"),
        ("I", "A1", "EN", "Of the mind.", "TA", "மனம்."),
    ]
    files = {
        "Data/MILPaC/MILPaC_CCI_FAQ_dataset.xlsx": book([head, *faq]),
        "Data/MILPaC/MILPaC_IP_dataset.xlsx": book([head, *mind]),
    }
    found = {
        part.lang: part for part in load_judged(tmp_path, write_set(tmp_path, "milpac", files))
    }
    assert set(found) == {"en", "hi", "ta"}
    assert found["en"].documents == found["ta"].documents == ("Any may.", "Of the mind.")
    assert (found["ta"].queries, found["ta"].relevant) == (("என்ன?",), (frozenset({1}),))


@pytest.mark.parametrize(
    "chosen", [*BITEXTS, *SCORED, *JUDGED, *LABELLED], ids=lambda chosen: chosen.name
)
def test_missing_text_names_the_command_that_brings_it(chosen, tmp_path):
    loads = {
        BITEXTS: load_bitexts,
        SCORED: load_scored,
        JUDGED: load_judged,
        LABELLED: load_labelled,
    }
    (load,) = (load for sets, load in loads.items() if chosen in sets)
    with pytest.raises(KleinError, match=r"run: klein data fetch recipes/v0\.2\.toml"):
        load(tmp_path, chosen)


def test_labelled_texts_are_read_and_a_row_without_a_label_is_refused(tmp_path):
    files = {
        f"banking_data/{part}.csv": f'text,category\n"{part}, x",one\n'
        for part in ("train", "test")
    }
    found = load_labelled(tmp_path, write_set(tmp_path, "banking77", files))
    assert (found.known, found.asked) == ((("train, x", "one"),), (("test, x", "one"),))
    files["banking_data/test.csv"] += "y,\n"
    with pytest.raises(KleinError, match="test: row 2 lacks its text or category"):
        load_labelled(tmp_path, write_set(tmp_path, "banking77", files))


def test_a_changed_file_is_refused(bitexts, tmp_path):
    path = next((tmp_path / bitexts.folder).rglob("*.eng"))
    path.write_text(path.read_text().replace("Tea", "Tee"))
    with pytest.raises(KleinError, match=r"\.eng: differs from its manifest"):
        load_bitexts(tmp_path, bitexts)


def test_other_text_under_the_same_name_is_refused(bitexts, tmp_path):
    other = dataclasses.replace(bitexts, digest="0" * 64)
    with pytest.raises(KleinError, match="small-tatoeba: differs from the pinned evaluation text"):
        load_bitexts(tmp_path, other)


def test_sides_of_different_length_are_refused(tmp_path):
    stem = "data/tatoeba/v1/tatoeba.hin-eng"
    chosen = write_set(tmp_path, "tatoeba", {f"{stem}.hin": "क\nख\n", f"{stem}.eng": "k\n"})
    with pytest.raises(KleinError, match="hi: 2 lines beside 1 in English"):
        load_bitexts(tmp_path, chosen)


def test_a_missing_column_is_refused_with_its_line(scored, tmp_path):
    short = GOOD.rsplit("\t", 3)[0]
    with pytest.raises(KleinError, match="line 2 has 6 columns, not 7"):
        load_scored(tmp_path, scored([GOOD, short]))


@pytest.mark.parametrize("score", ["", "nan", "5.1", "-1", "high"])
def test_a_score_that_is_none_is_refused(score, scored, tmp_path):
    with pytest.raises(KleinError, match=f"row 1 has the score '{score}'"):
        load_scored(tmp_path, scored([GOOD.replace("3.25", score)]))


def test_names_are_told_apart_and_languages_known():
    names = [chosen.name for chosen in (*BITEXTS, *SCORED, *JUDGED, *LABELLED)]
    assert len(set(names)) == len(names)
    assert {TATOEBA.name, STSB.name} <= set(names)
    assert "en" in LANGUAGES
