"""The frozen tokenizer in git: whole, of the right size, and the one that the page describes."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.files import read_json, read_manifest, sha256
from klein_embedding.languages import LANGUAGES
from klein_embedding.recipe import load_recipe
from klein_embedding.tokenizer.frozen import open_tokenizer
from klein_embedding.tokenizer.measure import breaking_pieces
from klein_embedding.tokenizer.page import LIMITS, MOST_BREAKING, MOST_BYTES, MOST_PARITY
from klein_embedding.tokenizer.pipeline import BYTES, normalizer

ROOT = Path(__file__).resolve().parents[2]
FROZEN = ROOT / "tokenizer"


@pytest.fixture(scope="module")
def frozen() -> Tokenizer:
    return open_tokenizer(FROZEN)


@pytest.mark.parametrize("place", [0.0, 0.01, 0.3, 0.7, 0.999999])
def test_a_changed_byte_is_noticed(tmp_path: Path, place: float) -> None:
    folder = tmp_path / "tokenizer"
    shutil.copytree(FROZEN, folder)
    open_tokenizer(folder)
    file = folder / "tokenizer.json"
    data = bytearray(file.read_bytes())
    data[int(place * len(data))] ^= 1
    file.write_bytes(data)
    with pytest.raises(KleinError, match="differs from its manifest's sha256"):
        open_tokenizer(folder)


def test_its_entries_are_those_of_the_plan(frozen: Tokenizer) -> None:
    assert frozen.get_vocab_size() == 32_000
    special = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")
    assert [frozen.token_to_id(name) for name in special] == [0, 1, 2, 3, 31_999]
    assert [frozen.token_to_id(name) for name in BYTES] == list(range(4, 260))
    assert breaking_pieces(frozen)["share"] < MOST_BREAKING


def test_no_character_is_unknown(frozen: Tokenizer) -> None:
    codes = (c for c in range(1, 0x30000) if unicodedata.category(chr(c)) not in ("Cn", "Cs"))
    everything = " ".join(map(chr, codes))
    for start in range(0, len(everything), 5_000):
        assert 3 not in frozen.encode(everything[start : start + 5_000]).ids


def test_every_letter_of_the_languages_has_an_entry(frozen: Tokenizer) -> None:
    # Letters and signs in daily use; Odia's long uu, say, is too rare in the corpus for an entry.
    for code, letters in {
        "hi": "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसहािीुूेैोौंँ़्",
        "bn": "অআইঈউঊএঐওঔকখগঘঙচছজঝঞটঠডঢণতথদধনপফবভমযরলশষসহািীুূেৈোৌংঁ়্",
        "ta": "அஆஇஈஉஊஎஏஐஒஓகஙசஞடணதநபமயரலவழளறனாிீுூெேைொோௌ்",
        "te": "అఆఇఈఉఊఎఏఐఒఓకఖగఘచఛజటఠడఢణతథదధనపఫబభమయరలవశషసహాిీుూెేైొోౌం్",
        "ml": "അആഇഈഉഊഎഏഐഒഓകഖഗഘങചഛജഞടഠഡണതഥദധനപഫബഭമയരലവശഷസഹളഴറാിീുൂെേൈൊോൗം്ൺൻർൽൾ",
        "ur": "ابپتٹثجچحخدڈذرڑزژسشصضطظعغفقکگلمنوہھءیےئ",
        "gu": "અઆઇઈઉઊએઐઓકખગઘચછજઝટઠડઢણતથદધનપફબભમયરલવશષસહળાિીુૂેૈોૌં્",
        "kn": "ಅಆಇಈಉಊಎಏಐಒಓಕಖಗಘಚಛಜಟಠಡಢಣತಥದಧನಪಫಬಭಮಯರಲವಶಷಸಹಳಾಿೀುೂೆೇೈೊೋೌಂ್",
        "pa": "ਅਆਇਈਉਊਏਐਓਔਕਖਗਘਚਛਜਝਟਠਡਢਣਤਥਦਧਨਪਫਬਭਮਯਰਲਵਸਹਾਿੀੁੂੇੈੋੌੰਂੱ਼",
        "or": "ଅଆଇଈଉଏଓକଖଗଘଚଛଜଝଟଠଡଢଣତଥଦଧନପଫବଭମଯରଲଶଷସହଳୟାିୀୁୂେୈୋୌଂଁ୍",
        "as": "ৰৱ",
        "si": "අආඇඈඉඊඋඌඑඒඔඕකඛගඝචඡජටඨඩණතථදධනපඵබභමයරලවශෂසහළාැෑිීුූෙේොෝං්",
    }.items():
        missing = [char for char in letters if frozen.token_to_id(char) is None]
        assert not missing, (LANGUAGES[code].name, missing)


def test_it_normalises_as_the_code_does(frozen: Tokenizer) -> None:
    text = "ﬁ ന\u0d4d\u200d کـتاب \u200fक़\u09dc ２５ ශ්\u200dරී"
    assert frozen.normalizer.normalize_str(text) == normalizer().normalize_str(text)


@pytest.mark.parametrize("name", ["full", "full-permissive"])
def test_the_recipes_that_take_it_ask_for_what_it_is(name: str) -> None:
    recipe = load_recipe(ROOT / "recipes" / f"{name}.toml").tokenizer
    made = read_manifest(FROZEN)["recipe"]
    assert recipe.frozen
    dials = {dial: getattr(recipe, dial) for dial in made if dial != "frozen"}
    assert dials == {dial: value for dial, value in made.items() if dial != "frozen"}


def test_the_page_describes_it_and_it_keeps_its_promises() -> None:
    figures = read_json(ROOT / "docs" / "tokenizer.json")
    assert figures["tokenizer"] == sha256(FROZEN / "tokenizer.json")
    assert {code for code in LIMITS if figures["fertility"][code]["word"] > LIMITS[code]} == set()
    assert max(figures["parity"].values()) <= MOST_PARITY
    assert figures["unk"] == 0
    assert figures["byte_fallback"] < MOST_BYTES
    assert figures["round_trip"] == 1
    assert len(figures["peers"]) >= 2
