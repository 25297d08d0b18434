"""Write the published figures of other people's models from a copy of MTEB's results.

The results of MTEB's contributors stand in github.com/embeddings-benchmark/results. Run:

    git clone https://github.com/embeddings-benchmark/results
    python benchmarks/published.py results
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from klein_embedding.files import write_text
from klein_embedding.languages import LANGUAGES

MODELS = {
    "static-similarity-mrl-multilingual-v1": (
        "sentence-transformers__static-similarity-mrl-multilingual-v1/"
        "7264ea07c5365a11d7e6d87dbb6195889a13054f"
    ),
    "granite-embedding-107m-multilingual": (
        "ibm-granite__granite-embedding-107m-multilingual/47db56afe692f731540413c67dd818ff492277e7"
    ),
    "paraphrase-multilingual-MiniLM-L12-v2": (
        "sentence-transformers__paraphrase-multilingual-MiniLM-L12-v2/"
        "bf3bf13ab40c3157080a7ab344c831b9ad18b5eb"
    ),
    "multilingual-e5-small": (
        "intfloat__multilingual-e5-small/fd1525a9fd15316a2d503bf26ab031a61d056e98"
    ),
    "LaBSE": "sentence-transformers__LaBSE/e34fab64a3011d2176c99545a93d5cbddc9a91b7",
}
TATOEBA = ("hi", "bn", "ta", "te", "mr", "ml", "ur")
YEARS = range(2012, 2017)
TARGET = Path(__file__).resolve().parents[1] / "klein_embedding/eval/published.toml"


def main(clone: Path) -> None:
    """Write the file."""
    commit = _git(clone, "rev-parse", "HEAD").strip()
    lines = [f'source = "github.com/embeddings-benchmark/results @ {commit[:8]}"']
    for model, folder in MODELS.items():
        for (suite, language, metric), value in _figures(clone, f"results/{folder}").items():
            said = {"model": model, "suite": suite, "language": language, "metric": metric}
            rows = [f'{key} = "{text}"' for key, text in said.items()]
            lines += ["", "[[figure]]", *rows, f"value = {value:.4f}"]
    write_text(TARGET, "\n".join(lines) + "\n")


def _figures(clone: Path, folder: str) -> dict[tuple[str, str, str], float]:
    tatoeba = _scores(clone, f"{folder}/Tatoeba.json")
    found = {
        ("tatoeba", code, "accuracy xx->en"): tatoeba[f"{LANGUAGES[code].iso3}-eng"]["accuracy"]
        for code in TATOEBA
    }
    found["tatoeba", "mean", "accuracy xx->en"] = sum(found.values()) / len(found)
    stsb = _scores(clone, f"{folder}/STSBenchmark.json")
    found["stsb/test", "en", "spearman"] = stsb["default"]["cosine_spearman"]
    years = [
        _scores(clone, f"{folder}/STS{year % 100}.json")["default"]["cosine_spearman"]
        for year in YEARS
    ]
    found["sts12-16", "mean", "spearman"] = sum(years) / len(years)
    related = _scores(clone, f"{folder}/SemRel24STS.json")
    for code, name in (("en", "eng"), ("mr", "mar")):
        found["semrel/test", code, "spearman"] = related[name]["main_score"]
    return found


def _scores(clone: Path, path: str) -> dict[str, dict[str, float]]:
    whole = json.loads(_git(clone, "show", f"HEAD:{path}"))
    return {scores["hf_subset"]: scores for scores in whole["scores"]["test"]}


def _git(clone: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(clone), *words], capture_output=True, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
