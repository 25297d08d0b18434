"""Science facts and what follows from them, step by step."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from klein_embedding.corpus.readers.reading import files_of, read_lines, readable, required
from klein_embedding.text import Line, Pair

_HYPOTHESIS = re.compile(r"\$hypothesis\$ = (.*?) ; \$context\$ = (.*)")
_FACT = re.compile(r"(sent\d+): (.*?)(?= sent\d+: |$)")
_STEP = re.compile(r"([\w &]+) -> (hypothesis|int\d+)(?:: (.*))?")


def read_proofs(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair | Line]:
    """Read the trees of EntailmentBank: a hypothesis with facts, and a proof out of them.

    Args:
        root: Folder of the source's files.
        options: ``files``: glob patterns of files with an input and an output a line.
        source: Name of the source.

    Returns:
        Entailment pairs: what a step of a proof rests on, one sentence after another, and what
        it concludes.

    Raises:
        KleinError: If nothing could be read.
    """
    return required(_proofs(root, options, source), source)


def _proofs(root: Path, options: Mapping[str, Any], source: str) -> Iterator[Pair]:
    for _, lines in readable(files_of(root, options.get("files", "**/*.tsv")), read_lines):
        for line in lines:
            given, _, proof = line.partition("\t")
            found = _HYPOTHESIS.search(given)
            if found:
                known = dict(_FACT.findall(found.group(2)))
                known["hypothesis"] = found.group(1)
                yield from _steps(known, proof.removeprefix("$proof$ = "), source)


def _steps(known: dict[str, str], proof: str, source: str) -> Iterator[Pair]:
    for step in proof.split("; "):
        parts = _STEP.fullmatch(step.strip().rstrip(";").strip())
        if not parts:
            continue
        premises, name, conclusion = parts.groups()
        if conclusion:
            known[name] = conclusion.strip()
        names = [premise.strip() for premise in premises.split("&")]
        if name in known and all(premise in known for premise in names):
            anchor = ". ".join(known[premise] for premise in names)
            yield Pair(anchor, known[name], "en", "en", source, "entailment")
