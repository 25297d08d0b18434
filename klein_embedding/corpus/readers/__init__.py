"""Readers: one function a file format, from a folder of raw files to records.

Entries are added in `klein_embedding.corpus.readers.table`.
"""

from __future__ import annotations

from klein_embedding.corpus.readers.table import READERS, Reader

__all__ = ["READERS", "Reader"]
