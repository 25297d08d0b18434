"""The command ``klein``: finds a verb, runs it, and turns errors into one line each.

Exit codes: 0 done, 1 nothing found or a gate failed, 2 wrong input, 130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import click

from klein_embedding import __version__
from klein_embedding.errors import KleinError


@dataclass(frozen=True, slots=True)
class Verb:
    """Where a verb is defined, and what ``klein --help`` says about it.

    Attributes:
        target: ``module:command``, imported when the verb is called.
        summary: One line.
    """

    target: str
    summary: str


_HERE = "klein_embedding.cli"
VERBS: dict[str, Verb] = {
    "embed": Verb(f"{_HERE}.embed:embed", "Turn lines of text into vectors."),
    "similarity": Verb(f"{_HERE}.use:similarity", "Compare two texts."),
    "search": Verb(f"{_HERE}.use:search", "Find passages in files by meaning."),
    "index": Verb(f"{_HERE}.index:index", "Read many files once, and search them often."),
    "serve": Verb(f"{_HERE}.serve:serve", "Answer requests for vectors over HTTP."),
    "info": Verb(f"{_HERE}.model:info", "Describe and check a model folder."),
    "export": Verb(f"{_HERE}.model:export", "Make a model folder's float32 files."),
    "card": Verb(f"{_HERE}.model:card", "Write a released model's card from its results."),
    "make": Verb(f"{_HERE}.make:make", "Make a model from its recipe, stage by stage."),
    "data": Verb(f"{_HERE}.data:data", "Fetch sources and build the corpus."),
    "tokenizer": Verb(f"{_HERE}.tokenizer:tokenizer", "Train, measure and freeze the tokenizer."),
    "train": Verb(f"{_HERE}.train:train", "Train the stages of a recipe."),
    "mine": Verb(f"{_HERE}.mine:mine", "Find hard negatives with the model itself."),
    "eval": Verb(f"{_HERE}.evaluate:evaluate", "Measure a model and write its results."),
    "reproduce": Verb(f"{_HERE}.evaluate:reproduce", "Check a model's promised figures."),
    "ledger": Verb(f"{_HERE}.ledger:ledger", "Show what was tried, or add to it."),
    "report": Verb(f"{_HERE}.report:report", "Show an evaluation and its failures as a page."),
}


_EXTRAS = {
    "prometheus_client": "serve",
    "pypdf": "index",
    "ray": "ray",
    "starlette": "serve",
    "usearch": "index",
    "uvicorn": "serve",
}
"""Extra that brings a package; "train" brings the others."""


_SPINS = "10000"
"""Rounds for which a thread of torch's (libgomp's) spins for the others before it sleeps.

Its own 300,000 hold a core for as long as the thread they wait for has none: at low priority
beside one busy process a step of training takes minutes. Ten thousand cost nothing on a quiet
machine, and beside such a process leave more than half of its speed (docs/experiments.md).
"""


class Verbs(click.Group):
    """A group that imports a verb only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the verbs, the ones for users of a model first."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb, or None when there is none of that name."""
        if cmd_name not in VERBS:
            return None
        module, _, name = VERBS[cmd_name].target.partition(":")
        return getattr(importlib.import_module(module), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs from the table, so that help imports none of them."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.summary) for name, verb in VERBS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb; a reader that has closed the pipe has seen enough."""
        try:
            result = super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:
            # The interpreter flushes once more at its end, and must find somewhere to do it.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            ctx.exit(0)
        return result


@click.group(cls=Verbs)
@click.version_option(__version__, prog_name="klein")
def klein() -> None:
    """Sentence vectors for English and fourteen Indic languages, on a CPU.

    Example: klein similarity "Water is life." "पानी ही जीवन है।"
    """


def run(arguments: Sequence[str]) -> int:
    """Run one command line.

    Args:
        arguments: What stands behind ``klein``.

    Returns:
        The exit code.
    """
    try:
        code = klein.main(args=list(arguments), prog_name="klein", standalone_mode=False)
    except KleinError as error:
        return _refuse(str(error))
    except click.ClickException as error:
        return _refuse(f"{error.format_message()} (see `klein --help`)")
    except click.Abort:
        return 130
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").partition(".")[0], "train")
        return _refuse(f"needs {error.name}; install klein-embedding[{extra}]")
    except OSError as error:
        return _refuse(f"{error.filename or 'input or output'}: {error.strerror or error}")
    return code if isinstance(code, int) else 0


def _refuse(message: str) -> int:
    click.echo(f"klein: {' '.join(message.split())}", err=True)
    return 2


def main() -> None:
    """Entry point of the command ``klein``."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
    # Verbs that embed for a user say so themselves; to the others long documents are daily bread.
    warnings.filterwarnings("ignore", message=r".* are longer than \d+ tokens and count up")
    for stream in (sys.stdout, sys.stderr):
        # File names need not be UTF-8, and a terminal's encoding must not decide what is written.
        if stream is not None:
            stream.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
