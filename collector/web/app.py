"""The control room's web application: reads, never writes."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from fastapi.staticfiles import StaticFiles
from sqlalchemy import Engine

from collector.registry.store import Registry
from collector.series.store import SeriesStore
from collector.web import findings, metrics, render
from collector.web.board import read_board
from collector.web.language import Language
from collector.web.live import Live
from collector.web.view_model import Board

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def _system_ms() -> int:
    return time.time_ns() // 1_000_000


def create_app(
    engine: Engine,
    registry: Registry,
    series: SeriesStore,
    statuses: dict[str, dict[str, Any]],
    now_ms: Callable[[], int] = _system_ms,
    unready: Callable[[], list[str]] = list,
    measured: Callable[[], bytes] | None = None,
) -> FastAPI:
    """`statuses` holds each gateway's last status by its id; another thread writes it.

    `unready`: why the collector is not ready; `measured`: its figures for Prometheus.
    """
    app = FastAPI(
        title="Esep control room",
        description="Megawatts drawn against megawatts allowed, and the orders that follow.",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
    )

    def board() -> Board:
        return read_board(engine, registry, series, statuses, now_ms())

    live = Live(board, render.fragment)

    @app.middleware("http")
    async def add_headers(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await call_next(request)
        response.headers.update(_HEADERS)
        return response

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    def page(language: Language) -> str:
        return render.page(board(), language)

    @app.get("/live", response_class=EventSourceResponse, include_in_schema=False)
    async def events(language: Language) -> AsyncIterator[ServerSentEvent]:
        async for event in live.events(language):
            yield event

    @app.get("/api/state", summary="The board as data")
    def state() -> Board:
        """What the page shows, from the same view model."""
        return board()

    @app.get("/healthz", response_class=PlainTextResponse, summary="Whether the process lives")
    async def health() -> str:
        return "ok"

    @app.get("/readyz", response_class=PlainTextResponse, summary="Whether it takes in frames")
    def ready() -> PlainTextResponse:
        """200, or 503 with a reason a line: database, broker, a follower that stands still."""
        reasons = unready()
        return PlainTextResponse("\n".join(reasons) or "ready", 503 if reasons else 200)

    if measured is not None:

        @app.get("/metrics", summary="Figures for Prometheus")
        def figures() -> Response:
            return Response(measured(), media_type=metrics.CONTENT_TYPE)

    app.include_router(findings.routes(engine, registry, render.pages, now_ms))
    app.mount("/static", StaticFiles(directory=render.ROOM / "static"), name="static")
    return app
