"""The routes of the server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from klein_embedding import __version__
from klein_embedding.infer.embedder import DIMS
from klein_embedding.infer.server import asked
from klein_embedding.infer.server.answers import openai_answer, tei_answer
from klein_embedding.infer.server.batcher import Batcher, Model
from klein_embedding.infer.server.guard import Bodies, Guard, unless_gone
from klein_embedding.infer.server.limits import Limits
from klein_embedding.infer.server.metrics import Metrics
from klein_embedding.infer.server.page import Page
from klein_embedding.infer.server.refusal import Refusal
from klein_embedding.infer.server.searching import Searcher
from klein_embedding.infer.tokens import MAX_TOKENS

_NO_POST = ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"]
LOCKED = ("/v1/embeddings", "/embed", "/info", "/search", "/metrics")


@dataclass(frozen=True, slots=True)
class Service:
    """What is served, and to whom.

    Attributes:
        model: Source of the vectors.
        manifest: The model folder's manifest.
        limits: Bounds of requests.
        key: What clients must send, "" for nothing.
        hosts: Names under which the server may be asked, none for any.
        searcher: What ``/search`` asks, if anything.
        page: Folder of the built page, if there is one.
    """

    model: Model
    manifest: Mapping[str, Any]
    limits: Limits = field(default_factory=Limits)
    key: str = ""
    hosts: frozenset[str] = frozenset()
    searcher: Searcher | None = None
    page: Path | None = None


def create_app(service: Service) -> Starlette:
    """Build the application.

    Args:
        service: What is served.

    Returns:
        An ASGI application; its lifespan runs the worker.
    """
    metrics = Metrics()
    batcher = Batcher(service.model, service.limits.queue, metrics)
    handlers = _Handlers(service, batcher, metrics)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        worker = asyncio.create_task(batcher.run())
        yield
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker
        if service.searcher is not None:
            service.searcher.close()

    return Starlette(
        routes=handlers.routes(),
        lifespan=lifespan,
        exception_handlers={HTTPException: _no_route},
        middleware=[
            Middleware(Guard, metrics=metrics, locked=LOCKED, key=service.key, hosts=service.hosts)
        ],
    )


async def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = getattr(error, "headers", None)
    said = f"{request.method} {request.url.path[:80]}"
    if status == 405:
        said = f"{said}: this path takes {(headers or {}).get('Allow', 'GET, HEAD')}"
    else:
        said = f"{said}: there is nothing here; see {', '.join(LOCKED)} and /health"
    return Refusal(status, said, headers=headers).response()


async def _only_post(_: Request) -> Response:
    raise HTTPException(405, headers={"Allow": "POST"})


class _Handlers:
    def __init__(self, service: Service, batcher: Batcher, metrics: Metrics) -> None:
        self._service, self._batcher, self._metrics = service, batcher, metrics
        self._limits = service.limits
        self._bodies = Bodies(service.limits)
        self._name = str(service.manifest["name"])

    def routes(self) -> list[BaseRoute]:
        posts = {"/v1/embeddings": self.openai, "/embed": self.embed, "/search": self.search}
        routes: list[BaseRoute] = [
            *(Route(path, endpoint, methods=["POST"]) for path, endpoint in posts.items()),
            # Else the page, which is mounted under everything, would look for a file.
            *(Route(path, _only_post, methods=_NO_POST) for path in posts),
            Route("/info", self.info),
            Route("/metrics", self.metrics),
            Route("/health", self.health),
        ]
        if self._service.page is not None:
            routes.append(Mount("/", Page(self._service.page)))
        return routes

    async def openai(self, request: Request) -> Response:
        async with self._bodies.body(request) as body:
            wanted = asked.openai_wanted(body, self._limits)
            found = await unless_gone(request, self._batcher.encode(wanted.texts))
            # Thousands of numbers take their time to write, and others are waiting.
            answer = await asyncio.to_thread(openai_answer, found, wanted, self._name)
            return Response(answer, media_type="application/json")

    async def embed(self, request: Request) -> Response:
        async with self._bodies.body(request) as body:
            wanted = asked.tei_wanted(body, self._limits)
            found = await unless_gone(request, self._batcher.encode(wanted.texts))
            answer = await asyncio.to_thread(tei_answer, found, wanted)
            return Response(answer, media_type="application/json")

    async def search(self, request: Request) -> Response:
        async with self._bodies.body(request) as body:
            searcher = self._service.searcher
            if searcher is None:
                raise Refusal(404, "no index is open; start the server with --index FOLDER")
            wanted = asked.search_wanted(body, self._limits)
            hits = await unless_gone(request, searcher.search(self._batcher, wanted))
            return JSONResponse({"query": wanted.query, "hits": [asdict(hit) for hit in hits]})

    async def info(self, _: Request) -> Response:
        made = self._service.manifest.get("made", {})
        return JSONResponse(
            {
                "model_id": self._name,
                "model_sha": made.get("commit"),
                "model_dtype": "int8",
                "model_type": {"embedding": {"pooling": "mean"}},
                "dimensions": list(DIMS),
                "max_input_length": MAX_TOKENS,
                "max_batch_tokens": self._limits.queue,
                "max_client_batch_size": self._limits.texts,
                "auto_truncate": True,
                "version": __version__,
            }
        )

    async def metrics(self, _: Request) -> Response:
        return Response(self._metrics.text(), media_type=self._metrics.content_type)

    async def health(self, _: Request) -> Response:
        return JSONResponse({"status": "ok", "model": self._name})
