"""The built page in the browser, as static files under headers that let nothing in or out."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from klein_embedding.errors import KleinError

HEADERS = {
    # The page computes in WebAssembly, asks its own server alone, and is shown in no frame.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
        "connect-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    # Both together let WebAssembly use more than one thread.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Asked again each time, and answered from the cache as long as nothing changed.
    "Cache-Control": "no-cache",
}


def check_page(folder: Path) -> Path:
    """Return the folder, or refuse one that holds no built page.

    Raises:
        KleinError: If there is no ``index.html``.
    """
    if not (folder / "index.html").is_file():
        raise KleinError(f"{folder}: holds no index.html; build the page with `npm run build`")
    return folder


class Page(StaticFiles):
    """Files of a built page."""

    def __init__(self, folder: Path) -> None:
        """Serve a folder that `check_page` has let through."""
        super().__init__(directory=folder, html=True)

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Find a file and put the headers on it."""
        response = await super().get_response(path, scope)
        response.headers.update(HEADERS)
        return response
