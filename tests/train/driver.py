"""Run one stage in a process of its own: ``python driver.py WORKSHOP.json STAGE``.

The tests of kills and of several ranks start it; it is no test itself.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from klein_embedding.errors import KleinError
from klein_embedding.recipe import Recipe, parse_table
from klein_embedding.train.order import Workshop
from klein_embedding.train.stages import run_stage

if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    torch.set_num_threads(1)
    folders = (Path(given[name]) for name in ("shards", "tokenizer", "runs"))
    shop = Workshop(parse_table(Recipe, given["recipe"], "recipe"), *folders, say=print)
    try:
        sys.exit(0 if run_stage(shop, sys.argv[2]) else 3)
    except KleinError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
