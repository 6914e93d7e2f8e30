"""`/docs`: the API on a page, with commands to copy."""

from __future__ import annotations

import html
import json
from typing import Any
from urllib.parse import quote

from pmt_apps.server.examples import INPUT_FORMATS
from pmt_apps.server.generation import OPTIONS
from pmt_apps.server.network.http import HttpError, Request
from pmt_apps.server.run_files import describe
from pmt_apps.server.runs import RunStore
from pmt_core import PmtError

_ROUTES = (
    ("POST /predict", "Answers of the first run, see below."),
    ("POST /runs/NAME/predict", "Answers of the run NAME."),
    ("POST /runs/NAME/explain", "Why: the same body but options; see below. /explain: first run."),
    ("GET /runs", "All runs: name, task, scores."),
    ("GET /runs/NAME/model", "Task and settings of a run, and what an example is."),
    ("GET /runs/NAME/metrics", "Its metrics.json."),
    ("GET /runs/NAME/history", "Its history.csv as columns and rows."),
    ("GET /runs/NAME/report", "Its report.html."),
    ("GET /runs/NAME/training", "Its training: state, hints, and what was recorded (--record)."),
    ("GET /runs/NAME/training/events", "The same as server-sent events, while it goes on."),
    ("GET /runs/NAME/training/replay", "A page with the training to keep; /OTHER adds a run."),
    ("GET /curves", "The loss of each run in a few points."),
    ("GET /model, /metrics, /history, /report", "The same of the first run."),
    ("GET /samples", "The state of each model of the shipped samples."),
    ("POST /samples/TASK", "Train the model of a shipped sample, if a folder of runs is served."),
    ("GET /tape", "Small computations: a neuron, a network, cross-entropy, an attention head."),
    ("POST /tape/NAME", 'Their tape: {"inputs": {"x": ...}} -> nodes with values and gradients.'),
    ("GET /health", 'Whether the server answers: {"status": "ok"}.'),
)
_EXPLANATIONS = {
    "classify": "what each word adds to the log-odds of the most likely label",
    "qqp": 'what each word adds to the log-odds of "the same"; attention by layer and head',
    "ner": "the probability of each tag for each word; the lattice of the CRF",
    "translation": "attention by layer and head, and the tree of the beam search",
    "mnist": "gradients by pixel, and the maps of the first convolutions",
    "word2vec": 'a word or a sum ("king - man + woman"): nearest words, points of a plane',
    "lm": "each token of the text, its probability, and the likeliest tokens at its place",
}
_ERRORS = (
    ("400", "no JSON object, or an unknown key"), ("403", "from the page of another site"),
    ("404", "no such run or address"), ("405", "another method"),
    ("408", "the body or the answer took too long"), ("409", "the run has no model yet"),
    ("411", "no Content-Length"), ("413", "too large, too many, too long"),
    ("415", "not application/json"), ("421", "for another host"),
    ("422", "an example or option that is not valid; names it"),
    ("429", "too many examples are waiting"), ("503", "too many connections"),
)  # fmt: skip
_SHOWN = 400  # characters of an example in a command


def api_page(store: RunStore, request: Request) -> str:
    """Return the page. request: its Host is that of the commands."""
    host = request.header("Host") or "127.0.0.1:8000"
    rows = "".join(
        f"<tr><td><code>{_text(route)}</code></td><td>{_text(meaning)}</td></tr>"
        for route, meaning in _ROUTES
    )
    errors = "".join(
        f"<tr><td>{code}</td><td>{_text(meaning)}</td></tr>" for code, meaning in _ERRORS
    )
    explanations = "".join(
        f"<tr><td><code>{_text(task)}</code></td><td>{_text(meaning)}</td></tr>"
        for task, meaning in _EXPLANATIONS.items()
    )
    runs = "".join(_run(store, name, host) for name in store.folders())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>API · pmt</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/static/style.css"></head>
<body><header><a href="/">pmt</a> <span>API</span></header><main>
<h1>The API</h1>
<p>Requests and answers are JSON. An example is <code>"input"</code>, several are
<code>"inputs"</code>; the answer of an example is the object that <code>--predict</code> writes,
that of several is <code>{{"answers": [...]}}</code>, in the same order. An error is
<code>{{"error": {{"status": 422, "message": "..."}}}}</code>.</p>
<p>What explains an answer, by task:</p><div class="scroll"><table><tbody>{explanations}</tbody>
</table></div>
<h2>Addresses</h2><div class="scroll"><table><tbody>{rows}</tbody></table></div>
<h2>Errors</h2><div class="scroll"><table><tbody>{errors}</tbody></table></div>
<h2>Runs</h2>{runs or "<p>There is no run yet.</p>"}
</main></body></html>
"""


def _run(store: RunStore, name: str, host: str) -> str:
    try:
        model = describe(*store.path(name))
    except (HttpError, PmtError) as error:
        return f"<h3>{_text(name)}</h3><p>{_text(str(error))}</p>"
    task = model["task"]
    example = INPUT_FORMATS[task]
    commands = [_curl(host, name, {"input": example.examples[0]})]
    if task == "lm":
        commands.append(
            _curl(host, name, {"input": "The ", "stream": True, "options": {"tokens": 100}}, "-N ")
        )
    else:
        commands.append(_curl(host, name, {"inputs": list(example.examples)}))
    commands.append(_curl(host, name, {"input": example.examples[0]}, what="explain"))
    more = f"<p>Options: {_text(', '.join(OPTIONS))}.</p>" if task == "lm" else ""
    blocks = "".join(f"<pre><code>{_text(command)}</code></pre>" for command in commands)
    return (
        f"<h3>{_text(name)}</h3><p>{_text(task)}. An example is {_text(example.description)}.</p>"
        f"{more}{blocks}"
    )


def _curl(
    host: str, name: str, body: dict[str, Any], flags: str = "", what: str = "predict"
) -> str:
    text = json.dumps(body, ensure_ascii=False)
    if len(text) > _SHOWN:  # an image
        short = dict.fromkeys(body, "...")
        text = json.dumps(short).replace('"..."', "[0, 0, ..., 0]")
    quoted = text.replace("'", "'\\''")
    return (
        f"curl {flags}http://{host}/runs/{quote(name)}/{what} -H 'Content-Type: application/json' "
        f"-d '{quoted}'"
    )


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)
