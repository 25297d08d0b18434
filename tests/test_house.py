"""The house rules that no other tool checks: what lies where, what loads what, how quickly."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "klein_embedding"
LOCKS = ("core.txt", "serve.txt", "all.txt", "integrations.txt", "build.txt", "uv.txt")
KLEIN = "import sys; from klein_embedding.cli.main import main; sys.exit(main())"
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "WEIGHTS-LICENSE.md",
    "docs/architecture.md",
    "data/raw/README.md",
    "data/processed/README.md",
    "data/eval/README.md",
)

# One requirement or one hash a line, and nothing else: no address, option or path can hide.
PIN = re.compile(
    r"(?P<name>[a-z0-9.-]+)==(?P<version>[0-9][\w.+]*)(?: ; (?P<when>[\w .'<>=!()]+))?"
)
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}")


def run(*command, cwd=ROOT):
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=120,
    )


def klein(*arguments):
    return run(sys.executable, "-c", KLEIN, *arguments)


def pins(name):
    """The set of (package, version, marker) of a lock, every line of it accounted for."""
    found = set()
    for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines():
        text = line.removesuffix(" \\")
        pin = PIN.fullmatch(text)
        assert pin or HASH.fullmatch(text), f"requirements/{name} holds more than pins: {line}"
        if pin:
            found.add((pin["name"], pin["version"], pin["when"]))
    return found


def test_data_holds_no_code():
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", "data")
    assert listed.returncode == 0, listed.stderr
    assert set(listed.stdout.split()) == {
        f"data/{part}/README.md" for part in ("raw", "processed", "eval")
    }


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import klein_embedding", ("torch", "numpy", "onnxruntime", "tokenizers")),
        ("from klein_embedding import KleinEmbedding", ("torch", "transformers", "scipy")),
    ],
)
def test_importing_loads_no_torch(statement, absent):
    done = run(sys.executable, "-c", f"{statement}; import sys; print(*sys.modules)")
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.split())
    assert "klein_embedding" in loaded
    assert loaded.isdisjoint(absent)


def test_help_answers_within_three_tenths_of_a_second():
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        done = klein("--help")
        seconds.append(time.perf_counter() - start)
        assert done.returncode == 0, done.stderr
        assert "search" in done.stdout
    assert min(seconds) < 0.3


@pytest.mark.parametrize("name", LOCKS)
def test_locks_hold_pins_and_hashes_and_no_addresses(name):
    assert pins(name)


def test_locks_agree_with_each_other_and_hold_no_torch():
    # What a package needs on another system it may need everywhere beside others.
    versions = {lock: {(name, version) for name, version, _ in pins(lock)} for lock in LOCKS}
    assert versions["core.txt"] < versions["serve.txt"] < versions["all.txt"]
    assert versions["build.txt"] < versions["all.txt"]
    for lock in ("all.txt", "integrations.txt"):
        names = {name for name, _ in versions[lock]}
        large = "torch", "nvidia", "triton", "cuda"
        assert not [name for name in names if name.startswith(large)]


def test_locks_cover_what_the_project_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    core = project["project"]["dependencies"]
    train = project["project"]["optional-dependencies"]["train"]
    asked = {
        re.split(r"[\[<>=]", line)[0] for line in [*core, *project["dependency-groups"]["dev"]]
    }
    asked |= {re.split(r"[\[<>=]", line)[0] for line in train if not line.startswith("torch=")}
    assert asked <= {name for name, _, _ in pins("all.txt")}
    assert (ROOT / "requirements/torch.txt").read_text(encoding="utf-8").split() == [
        line for line in train if line.startswith("torch=")
    ]


def test_files_stay_within_300_lines_or_say_why():
    long = []
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 300 and not re.search(r"# .*long because \w+", text):
            long.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
    assert not long


def only_exports(node):
    """Whether a statement of an ``__init__.py`` exports names and does nothing else."""
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__" | "__version__")]):
            return True
        case ast.FunctionDef(name="__getattr__"):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return all(only_exports(inner) for inner in node.body)
    return False


def test_init_files_only_export():
    files = list(PACKAGE.rglob("__init__.py"))
    assert len(files) > 8
    for path in files:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            assert only_exports(node), (
                f"{path.relative_to(ROOT)}:{node.lineno} does not only export"
            )


def test_import_contracts_hold():
    done = run(Path(sys.executable).with_name("lint-imports"), "--no-cache")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Contracts: \d+ kept, 0 broken", done.stdout)


def test_import_contracts_notice_a_look_into_the_wrong_room(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "klein_embedding")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = {
        "errors": "from klein_embedding.infer import zz",
        "corpus/zz": "def late():\n    import torch\n    return torch",
        "tokenizer/zz": "import klein_embedding.corpus.zz",
        "model/zz": "import transformers",
        "train/zz": "import klein_embedding.eval.zz",
        "export/zz": "import klein_embedding.train.zz",
        "infer/zz": "import torch",
        "eval/zz": "import klein_embedding.corpus.zz",
    }
    for name, code in planted.items():
        with (tmp_path / f"klein_embedding/{name}.py").open("a", encoding="utf-8") as file:
            file.write(f"\n{code}\n")
    done = run(Path(sys.executable).with_name("lint-imports"), "--no-cache", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Contracts: 0 kept, 9 broken" in done.stdout


# What commands make below these folders is on no fresh clone.
MADE = re.compile(r".*NAME|data/(raw|processed|eval)/(?!README)")


def test_documents_name_only_files_that_exist():
    path = re.compile(
        r"(?:benchmarks|data|demo|docs|klein_embedding|recipes|release|requirements|tests)"
        r"/[\w.*/-]*[\w*/]"
    )
    missing = [
        f"{document}: {name}"
        for document in DOCUMENTS
        for name in path.findall((ROOT / document).read_text(encoding="utf-8"))
        if not MADE.match(name) and not list(ROOT.glob(name.rstrip("/")))
    ]
    assert not missing


def test_readme_names_only_verbs_that_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    verbs = set(re.findall(r"(?:`|^)klein((?: [a-z]+\b(?![/.]))+)", text, flags=re.MULTILINE))
    assert len(verbs) > 8
    for verb in sorted(verbs):
        done = klein(*verb.split(), "--help")
        assert done.returncode == 0, f"klein{verb}: {done.stderr}"
