"""The API: answers of `--predict`, and a clear error for everything else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from serve_client import LIMITS, Client

import pmt_apps
from pmt_apps.server.application import ServeApp
from pmt_apps.server.examples import INPUT_FORMATS, inputs_of
from pmt_apps.server.network.http import HttpError
from pmt_apps.server.runs import RunStore

INPUTS: dict[str, list[Any]] = {
    "ner": ["Ann Lee met Bob in Rome.", "", ["Eve", "slept"]],
    "translation": ["ein hund", "one big dog"],
    "word2vec": ["the", "no such word"],
}


def same(first: Any, second: Any) -> bool:
    """Whether two answers are equal, but for the last digits of numbers."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list):
        return len(first) == len(second) and all(map(same, first, second))
    return bool(first == (pytest.approx(second, abs=1e-4) if type(first) is float else second))


@pytest.mark.parametrize("task", INPUTS)
def test_answers_are_those_of_predict(client: Client, runs: Path, task: str) -> None:
    expected = pmt_apps.load(runs / task, workers=1).predict_json(INPUTS[task])
    answer = client.predict(task, {"inputs": INPUTS[task]})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert same(answer.json, {"answers": expected})
    single = client.predict(task, {"input": INPUTS[task][0]})
    assert same(single.json, expected[0])
    assert client.predict(task, {"inputs": []}).json == {"answers": []}


def test_an_image_is_pixels_and_never_a_path(client: Client, image: list[int]) -> None:
    answer = client.predict("mnist", {"input": image})
    assert answer.status == 200
    assert sum(answer.json["probabilities"]) == pytest.approx(1, abs=1e-4)
    for value in ("/etc/passwd", " ".join(map(str, image)), image[:-1], [image], {"a": 1}):
        assert client.predict("mnist", {"input": value}).status == 422


def test_pairs_have_two_forms() -> None:
    pair = {"question1": "a", "question2": "b"}
    assert inputs_of("qqp", {"inputs": [pair, ["c", "d"]]}, LIMITS) == (
        [["a", "b"], ["c", "d"]],
        False,
    )
    with pytest.raises(HttpError, match=r"input: expected a pair of questions"):
        inputs_of("qqp", {"input": {"question1": "a"}}, LIMITS)


def test_the_examples_of_the_page_are_answered(client: Client) -> None:
    for task in ("mnist", "ner", "word2vec", "lm"):
        model = client("GET", f"/runs/{task}/model").json
        assert model["task"] == task
        assert model["examples"] == list(INPUT_FORMATS[task].examples)
        if task != "lm":
            assert client.predict(task, {"inputs": model["examples"]}).status == 200


def test_what_is_known_of_runs(client: Client, runs: Path) -> None:
    listed = {run["name"]: run for run in client("GET", "/runs").json["runs"]}
    assert set(listed) == {path.name for path in runs.iterdir() if path.is_dir()}
    assert listed["ner"]["has_model"] is True
    assert listed["unfinished"]["has_model"] is False
    assert client("GET", "/health").json == {"status": "ok", "runs": len(listed)}
    assert client("GET", "/runs/ner/metrics").json == {}
    assert client("GET", "/runs/ner/history").json == {"columns": [], "rows": []}
    settings = client("GET", "/runs/ner/model").json["settings"]
    assert settings["width"] == json.loads((runs / "ner" / "config.json").read_text())["width"]


def test_one_run_is_served_without_its_name(runs: Path) -> None:
    store = RunStore(runs / "ner")
    client = Client(ServeApp(store, hosts=["localhost"]))
    assert client("GET", "/model").json["name"] == "ner"
    assert client("POST", "/predict", {"input": "Bob"}).json["text"] == "Bob"
    assert client("GET", "/samples").status == 404
    store.close()


def test_a_text_streams_as_it_is_generated(client: Client) -> None:
    options = {"tokens": 20, "seed": 3, "temperature": 3}
    whole = client.predict("lm", {"input": "the dog", "options": options}).json
    assert whole["prompt"] == "the dog"
    streamed = client.predict("lm", {"input": "the dog", "options": options, "stream": True})
    assert streamed.headers["Content-Type"] == "application/x-ndjson"
    assert "Content-Length" not in streamed.headers
    *pieces, last = map(json.loads, streamed.body.splitlines())
    assert len(pieces) == 20
    assert "".join(piece["text"] for piece in pieces) == whole["continuation"]
    assert last == {"done": True, "continuation": whole["continuation"], "reason": "length"}
    other = client.predict("lm", {"input": "the dog", "options": {**options, "seed": 4}}).json
    assert other["continuation"] != whole["continuation"]


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        ({}, 400, 'expected "input", one example, or "inputs"'),
        ({"input": "a", "inputs": ["b"]}, 400, "expected"),
        ({"text": "a"}, 400, "got text"),
        ({"inputs": "a"}, 422, '"inputs": expected a list'),
        ({"input": 3}, 422, "expected a text or a list of words"),
        ({"inputs": ["a", None]}, 422, "input 1"),
        ({"inputs": ["a"] * 9}, 413, "9 examples, at most 8"),
        ({"input": "a" * 501}, 413, "501 characters, at most 500"),
        ({"input": "a", "stream": True}, 400, "for language models"),
    ],
)
def test_what_is_no_example_is_an_error_of_the_client(
    client: Client, content: Any, status: int, message: str
) -> None:
    answer = client.predict("ner", content)
    assert answer.status == status
    assert message in answer.message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokens": 0}, "tokens"),
        ({"tokens": 41}, "at most 40"),
        ({"temperature": -1}, "temperature"),
        ({"top_p": "much"}, "top-p"),
        ({"workers": 4}, "got workers"),
        ([], "options"),
    ],
)
def test_options_of_a_language_model_are_checked(
    client: Client, options: Any, message: str
) -> None:
    answer = client.predict("lm", {"input": "the", "options": options})
    assert answer.status == 422
    assert message in answer.message


def test_prompts_share_the_tokens_of_a_request(client: Client) -> None:
    content = {"inputs": ["the"] * 3, "options": {"tokens": 20}}
    assert client.predict("lm", content).status == 413
    assert client.predict("lm", {"input": "\N{SNOWMAN}"}).status == 422
    content = {"inputs": ["a", "the"], "stream": True, "options": {"tokens": 5}}
    assert client.predict("lm", content).status == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400), (b"{", 400), (b"[1]", 400), (b'{"input": NaN}', 400), (b"\xff{}", 400),
        (b'{"input": "a", "input": "b"}', 400), (b'{"input": 1e999}', 400),
        (b'{"input": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400), (b" " * 20_001, 413),
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_object_is_refused(client: Client, body: bytes, status: int) -> None:
    assert client("POST", "/runs/ner/predict", body=body).status == status


def test_the_frame_of_a_request_is_checked(client: Client) -> None:
    path, content = "/runs/ner/predict", {"input": "Bob"}
    assert client("POST", path, content, kind="text/plain").status == 415
    assert client("POST", path, content, kind=None).status == 415
    assert client("POST", path, content, kind="application/json; charset=utf-8").status == 200
    assert client("POST", path, content, CONTENT_LENGTH=None).status == 411
    assert client("POST", path, content, CONTENT_LENGTH="-1").status == 411
    assert client("POST", path, content, CONTENT_LENGTH="9" * 30).status == 413
    assert client("POST", path, content, CONTENT_LENGTH="500").status == 400  # it ends before
    assert client("DELETE", path).status == 405
    assert client("POST", "/runs").status == 405
    assert client("GET", "/runs/ner/nothing").status == 404
    assert client("GET", "/nothing/at/all").status == 404
    assert client.predict("nobody", content).status == 404


def test_a_damaged_or_unfinished_run_is_named_and_others_go_on(client: Client) -> None:
    damaged = client.predict("broken", {"input": "Bob"})
    assert damaged.status == 500
    assert "model.npz" in damaged.message
    assert client.predict("unfinished", {"input": "Bob"}).status == 409
    assert client.predict("ner", {"input": "Bob"}).status == 200


def test_no_name_leads_out_of_the_folders(client: Client) -> None:
    for path in ("/static/../http.py", "/static/%2e%2e/http.py", "/static//etc/passwd",
                 "/runs/../model", "/runs/..%2f..%2fetc/report", "/static/"):  # fmt: skip
        assert client("GET", path).status == 404, path


def test_every_answer_forbids_to_load_from_elsewhere(client: Client) -> None:
    for path in ("/", "/static/app.js", "/static/views/qqp.js", "/docs", "/runs", "/nothing"):
        headers = client("GET", path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert client("HEAD", "/").body == b""


def test_the_documentation_has_a_command_for_every_run(runs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a <b> 'c'"
    folder.mkdir()
    (folder / "config.json").write_bytes((runs / "ner" / "config.json").read_bytes())
    page = Client(ServeApp(RunStore(tmp_path), hosts=["localhost"]))("GET", "/docs")
    text = page.body.decode()
    assert page.status == 200
    assert "<b>" not in text
    assert "http://localhost:8000/runs/a%20%3Cb%3E%20%27c%27/predict" in text


def test_the_tape_of_a_computation_is_answered(client: Client) -> None:
    (first, *others) = client("GET", "/tape").json["computations"]
    assert [first["name"], *(each["name"] for each in others)] == [
        "neuron", "network", "cross-entropy", "attention",
    ]  # fmt: skip
    answer = client("POST", "/tape/neuron", {"inputs": {"b": 0.4}})
    assert answer.status == 200
    by_label = {node["label"]: node for node in answer.json["nodes"]}
    assert by_label["b"]["value"] == 0.4
    assert by_label["power"]["grad"] == 1
    assert client("POST", "/tape/neuron", {}).json["nodes"][2]["value"] == first["inputs"]["b"]
    for path, content, status in (
        ("/tape/nothing", {}, 404), ("/tape/neuron", {"inputs": {"b": "a"}}, 422),
        ("/tape/neuron", {"inputs": 3}, 422), ("/tape/neuron", {"input": {}}, 400),
        ("/tape", {}, 405),
    ):  # fmt: skip
        refused = client("POST", path, content)
        assert refused.status == status
        assert refused.message
