"""Run the ``$ klein`` commands of README's console blocks and write what they print below them.

``python benchmarks/readme.py`` rewrites README.md; a test compares instead.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


def outputs(text: str, run: Callable[[str], str]) -> str:
    """The text with the output below each command of its console blocks replaced.

    Args:
        text: Markdown.
        run: Gives the output of a command line.
    """

    def block(match: re.Match[str]) -> str:
        commands = [line for line in match[1].splitlines() if line.startswith("$ ")]
        bodies = [f"{command}\n{run(command[2:])}" for command in commands]
        return "```console\n" + "\n".join(bodies) + "```"

    return _BLOCK.sub(block, text)


def run_klein(command: str) -> str:
    """Standard output of a ``klein`` command line, run in the checkout."""
    words = shlex.split(command)
    if words[0] != "klein":
        raise ValueError(f"README: only klein is run, not {words[0]}")
    done = subprocess.run(
        [sys.executable, "-m", "klein_embedding.cli.main", *words[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def main() -> None:
    """Rewrite README.md."""
    path = ROOT / "README.md"
    path.write_text(outputs(path.read_text(encoding="utf-8"), run_klein), encoding="utf-8")


if __name__ == "__main__":
    main()
