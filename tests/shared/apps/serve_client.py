"""A WSGI application called without a server, and a server for a browser."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from served import running

from pmt_apps.server.application import ServeApp
from pmt_apps.server.network.limits import ServeLimits
from pmt_apps.server.runs import RunStore

LIMITS = ServeLimits(body=20_000, examples=8, characters=500, tokens=40, seconds=30)


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve the runs of a folder by the threaded server; give its address."""
    app = ServeApp(RunStore(folder), hosts=["127.0.0.1"])
    with running(app, ServeLimits()) as server:
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            app.close()


@dataclass(frozen=True)
class Answer:
    """What the application answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message(self) -> str:
        assert self.json["error"]["status"] == self.status
        return str(self.json["error"]["message"])


class Client:
    """Calls a WSGI application."""

    def __init__(self, app: ServeApp) -> None:
        self.app = app

    def __call__(
        self, method: str, path: str, content: Any = None, *, body: bytes | None = None,
        kind: str | None = "application/json", **headers: str | None,
    ) -> Answer:  # fmt: skip
        """Send a request. headers: Host, Origin and so on, with "_" for "-"."""
        data = (
            body if body is not None else b"" if content is None else json.dumps(content).encode()
        )
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "wsgi.input": io.BytesIO(data),
            "HTTP_HOST": "localhost:8000", "CONTENT_LENGTH": str(len(data)),
        }  # fmt: skip
        if method == "POST" and kind is not None:
            environ["CONTENT_TYPE"] = kind
        for name, value in headers.items():
            key = name.upper()
            key = key if key.startswith("CONTENT_") else f"HTTP_{key}"
            environ[key] = value
            if value is None:
                del environ[key]
        started: list[Any] = []
        parts = self.app(environ, lambda status, found: started.append((status, found)))
        content_parts = list(parts)
        ((status, found),) = started
        return Answer(int(status.split()[0]), dict(found), b"".join(content_parts))

    def predict(self, run: str, content: Any, **headers: str) -> Answer:
        return self("POST", f"/runs/{run}/predict", content, **headers)

    def explain(self, run: str, content: Any, **headers: str) -> Answer:
        return self("POST", f"/runs/{run}/explain", content, **headers)


def explanation(client: Client, run: str, value: Any) -> Any:
    """Return the explanation of an example; it is the same alone and among others."""
    single = client.explain(run, {"input": value})
    assert single.status == 200, single.message
    several = client.explain(run, {"inputs": [value, value]})
    assert several.json == {"answers": [single.json, single.json]}
    return single.json
