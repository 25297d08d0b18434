"""The frozen tokenizer: kept in ``tokenizer/``, opened only when it is whole."""

from __future__ import annotations

import shutil
from pathlib import Path

from tokenizers import Tokenizer

from klein_embedding.errors import KleinError
from klein_embedding.files import check_files, fresh_folder, versions, write_manifest

FILE = "tokenizer.json"


def open_tokenizer(folder: Path) -> Tokenizer:
    """Open the tokenizer of a folder after comparing its bytes with the folder's manifest.

    Raises:
        KleinError: If the folder is unfinished, a byte has changed, or it is no tokenizer.
    """
    if FILE not in check_files(folder)["files"]:
        raise KleinError(f"{folder}: its manifest lists no {FILE}; make the folder again")
    return read_tokenizer(folder / FILE)


def read_tokenizer(path: Path) -> Tokenizer:
    """Read a tokenizer file.

    Raises:
        KleinError: If the file is missing or is no tokenizer.
    """
    try:
        return Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise KleinError(f"{path}: no such file; train a tokenizer first") from None
    except Exception as error:  # the library raises plain Exception
        raise KleinError(f"{path}: not readable as a tokenizer ({error})") from None


def freeze(folder: Path, target: Path) -> dict[str, str]:
    """Copy a trained tokenizer to where later models take it from.

    Args:
        folder: Folder of a trained tokenizer.
        target: Folder to write; what it holds is replaced.

    Returns:
        SHA-256 of each file.

    Raises:
        KleinError: If the folder is not whole, or is itself a copy of the frozen tokenizer.
    """
    open_tokenizer(folder)
    made = check_files(folder)
    if "frozen" in made:
        raise KleinError(f"{folder}: is a copy of the frozen tokenizer; run klein tokenizer train")
    names = ("recipe", "corpus", "mono", "guard", "weights", "side_share")
    facts = {name: made[name] for name in names if name in made}
    with fresh_folder(target) as part:
        shutil.copyfile(folder / FILE, part / FILE)
        # No date and no commit: freezing the same tokenizer again gives the same bytes.
        versions_used = versions("tokenizers")
        write_manifest(
            part, {"stage": "frozen", **facts, "versions": versions_used}, volatile=False
        )
        return check_files(part)["files"]
