"""The training of a run: its addresses, the stream of events, a replay that needs nothing else."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from recorded_run import LAYERS, RecordedRun, recorded_step
from serve_client import Client

from pmt_apps.server import page_files, replay, training_stream
from pmt_apps.server.application import ServeApp
from pmt_apps.server.network.limits import ServeLimits
from pmt_apps.server.network.threaded_server import ThreadedServer
from pmt_apps.server.page_files import PAGE
from pmt_apps.server.runs import RunStore
from pmt_apps.server.training_stream import TrainingStreams
from pmt_core import DataError

pytestmark = pytest.mark.usefixtures("looks_at_once")


@pytest.fixture
def served(live: RecordedRun) -> Client:
    store = RunStore(live.folder.parent)
    return Client(ServeApp(store, ServeLimits(streams=2), ["localhost"]))


# --- addresses ------------------------------------------------------------------------------------


def test_addresses(served: Client, live: RecordedRun) -> None:
    live.append(recorded_step(1))
    content = served("GET", "/runs/live/training").json
    assert content["changes"][0]["lines"][1]["layers"] == LAYERS
    assert served("GET", "/curves").json["curves"]["live"]["losses"] == [2.2]
    for path in ("training/else", "training/events/x", "training/replay/a/b"):
        assert served("GET", f"/runs/live/{path}").status == 404
    assert served("GET", "/runs/other/training").status == 404
    assert served("GET", "/runs/live/training/replay/other").status == 404
    assert served("POST", "/runs/live/training", {}).status == 405


def test_curves_are_kept_and_follow_their_files(served: Client, live: RecordedRun) -> None:
    others = [RecordedRun(live.folder.parent / f"other{i}", recorded=False) for i in range(12)]

    def curves() -> dict[str, Any]:
        return dict(served("GET", "/curves").json["curves"])

    assert len(curves()) == 13
    assert all(curve["losses"] == [] for curve in curves().values())
    others[3].add_epoch(train_loss=2.0)
    live.append(recorded_step(1))
    assert curves()["other3"]["losses"] == [2.0]
    assert curves()["live"] == {"status": "running", "steps": [1], "losses": [2.2]}
    live.finish()
    assert curves()["live"]["status"] == "finished"
    for other in others:
        assert served("GET", f"/runs/{other.folder.name}/training").status == 200
    assert len(served.app.training._feeds) == 8


def test_a_stream_that_never_began_gives_its_slot_back(served: Client) -> None:
    for _ in range(10):
        assert served("HEAD", "/runs/live/training/events").status == 200
    bodies = [call(served.app, "/runs/live/training/events") for _ in range(2)]
    answer = served("GET", "/runs/live/training/events")
    assert answer.status == 503
    assert "Retry-After" in answer.headers
    for body in bodies:
        body.close()
        body.close()  # twice, as some servers do
    call(served.app, "/runs/live/training/events").close()


def call(app: ServeApp, path: str) -> Any:
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "HTTP_HOST": "localhost"}
    return app(environ, lambda status, headers: None)


def test_a_stream_of_a_run_that_ended(served: Client, live: RecordedRun) -> None:
    live.append(recorded_step(1))
    live.finish()
    answer = served("GET", "/runs/live/training/events")
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert re.findall(rb"event: (\w+)", answer.body) == [b"training", b"end"]


# --- real connections -----------------------------------------------------------------------------


@pytest.fixture
def server(live: RecordedRun) -> Iterator[ThreadedServer]:
    limits = ServeLimits(streams=30, arrival=5)
    app = ServeApp(RunStore(live.folder.parent), limits, ["127.0.0.1"])
    server = ThreadedServer(app, "127.0.0.1", 0, limits)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server
    app.close()
    server.stop()
    thread.join()


class Follower:
    """A client that reads the events of a run."""

    def __init__(self, server: ThreadedServer) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
        self.connection.request("GET", "/runs/live/training/events")
        self.response = self.connection.getresponse()

    def next(self) -> tuple[str, Any]:
        """Return the next event and its content."""
        name = ""
        while line := self.response.readline().decode().rstrip("\n"):
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))
        return self.next() if not self.response.isclosed() else ("closed", None)

    def lines(self, count: int) -> list[dict[str, Any]]:
        """Wait until there are so many lines, and return them."""
        lines: list[dict[str, Any]] = []
        while len(lines) < count:
            for change in self.next()[1]["changes"]:
                lines = [*([] if change["reset"] else lines), *change["lines"]]
        return lines


def test_many_clients_follow_a_run_to_its_end(server: ThreadedServer, live: RecordedRun) -> None:
    followers = [Follower(server) for _ in range(30)]
    for follower in followers:
        assert len(follower.lines(2)) == 2
    refused = Follower(server)
    assert refused.response.status == 503
    refused.connection.close()
    live.append(recorded_step(1))
    for follower in followers:
        assert follower.lines(1) == [recorded_step(1)]
    live.finish()
    for follower in followers:
        names = []
        while not names or names[-1] != "end":
            names.append(follower.next()[0])
        assert follower.response.read().strip() == b""  # the connection is closed


def test_a_client_that_goes_away_frees_its_slot(
    server: ThreadedServer, live: RecordedRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Semaphore(0)
    release = TrainingStreams.release

    def count(streams: TrainingStreams) -> None:
        release(streams)
        released.release()

    monkeypatch.setattr(TrainingStreams, "release", count)
    monkeypatch.setattr(training_stream, "_HEARTBEAT", 0.0)  # what nobody receives ends a stream
    for _ in range(30):
        follower = Follower(server)
        follower.lines(2)
        follower.response.close()
        follower.connection.close()
    for _ in range(30):
        assert released.acquire(timeout=600)
    assert Follower(server).response.status == 200


def test_a_client_that_does_not_read_does_not_hurt_others(
    server: ThreadedServer, live: RecordedRun
) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as silent:
        silent.sendall(b"GET /runs/live/training/events HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        live.append(*(recorded_step(i) for i in range(1, 3000)))
        assert len(Follower(server).lines(3001)) == 3001


# --- the replay -----------------------------------------------------------------------------------


def test_a_replay_has_all_that_it_needs(served: Client, live: RecordedRun) -> None:
    live.append(recorded_step(1, activations={"</script><b>&": [0.5, 0.0]}))
    RecordedRun(live.folder.parent / "other")
    answer = served("GET", "/runs/live/training/replay/other")
    assert answer.status == 200
    assert 'filename="live-other-training.html"' in answer.headers["Content-Disposition"]
    text = answer.body.decode()
    assert set(re.findall(r"https?://[^\s\"'`)]+", text)) <= {
        "http://www.w3.org/2000/svg", "https://github.com/leeoniya/uPlot",
    }  # fmt: skip
    assert not re.search(
        r"<(?:link(?! rel=\"icon\" href=\"data:)|img|iframe|object)|@import|src=", text
    )
    assert text.count("</script>") == 2
    assert "default-src &#x27;none&#x27;" in text
    data = re.search(r'id="trainings">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    trainings = json.loads(data[1])
    assert list(trainings) == ["live", "other"]
    assert "</script><b>&" in trainings["live"]["changes"][0]["lines"][2]["activations"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('import x from "/static/b.js";\n', "cannot be joined"),
        ('import { x } from "https://example.org/b.js";\n', "cannot be joined"),
        ("export default 1;\n", "cannot be joined"),
        ('import { x } from "/static/a.js";\n', "imports itself"),
    ],
)
def test_modules_that_cannot_be_joined(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "a.js").write_text(text)
    names = {"a.js": tmp_path / "a.js"}
    monkeypatch.setattr(page_files, "page_names", lambda: names)
    with pytest.raises(DataError, match=message):
        replay.joined_modules("a.js")


def test_the_modules_of_a_replay_are_joined_in_order() -> None:
    text = replay.joined_modules("training/replay.js")
    names = re.findall(r"^const module_(\w+) = ", text, re.MULTILINE)
    assert names[0] == "dom_js"
    assert names[-1] == "training_replay_js"
    assert len(names) == len(set(names)) == 6
    assert "api_js" not in names  # there is no server
    for name in names:
        assert (PAGE / re.sub("_js$", ".js", name.replace("training_", "training/"))).is_file()
