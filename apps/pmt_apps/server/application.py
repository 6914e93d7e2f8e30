"""`ServeApp`: the WSGI application, from a request to an answer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.language_model.predictor import PromptPredictor
from pmt_apps.server import generation, tape
from pmt_apps.server.api_page import api_page
from pmt_apps.server.examples import inputs_of
from pmt_apps.server.guard import check_origin
from pmt_apps.server.network.http import HttpError, Request
from pmt_apps.server.network.limits import ServeLimits
from pmt_apps.server.network.response import REPORT_POLICY, Response
from pmt_apps.server.page_files import page_file
from pmt_apps.server.prediction import Prediction, failure, response_of
from pmt_apps.server.replay import replay_response
from pmt_apps.server.run_files import describe, history, summary
from pmt_apps.server.runs import RunStore
from pmt_apps.server.samples import SampleTraining
from pmt_apps.server.training_stream import TrainingStreams
from pmt_core import DataError, JsonObject, field, read_json

StartResponse = Callable[..., Any]
_METHODS = ("GET", "HEAD", "POST")
_READ_ONLY = ("docs", "health", "runs", "model", "metrics", "history", "tape", "training", "curves")
_OPTIONS = ("input", "inputs", "options", "stream")


class ServeApp:
    """The page and the JSON API for trained runs.

    Args:
        store: the runs.
        limits: of a request.
        hosts: names by which this server is known, see `check_origin`.
    """

    def __init__(
        self, store: RunStore, limits: ServeLimits | None = None, hosts: Collection[str] = ()
    ) -> None:
        self.store = store
        self.limits = limits or ServeLimits()
        self.hosts = frozenset(host.lower() for host in hosts)
        self.samples = SampleTraining(store.folder)
        self.training = TrainingStreams(self.limits.streams)

    def __call__(
        self, environ: Mapping[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer a request of WSGI."""
        response = self.respond(Request.of(environ))
        start_response(response.status_line, response.all_headers())
        if environ["REQUEST_METHOD"] == "HEAD":
            response.close()
            return []
        return response.body

    def respond(self, request: Request) -> Response:
        """Return the answer to a request, also to one that is in error."""
        result = self._begin(request)
        return result if isinstance(result, Response) else result.wait(self.limits.seconds)

    def direct(self, environ: Mapping[str, Any]) -> Response | Prediction | None:
        """Return what a model has to predict for a request, or its error; the server of this
        package then needs no thread for it.

        None: the request asks for something else, or its model has to be loaded.
        """
        request = Request.of(environ)
        match request.parts:
            case ["predict"]:
                run = self.store.at_hand(None)
            case ["runs", name, "predict"]:
                run = self.store.at_hand(name)
            case _:
                return None
        is_short = run is not None and not isinstance(run.predictor, PromptPredictor)
        return self._begin(request) if is_short and request.method == "POST" else None

    def _begin(self, request: Request) -> Response | Prediction:
        """Check a request, and return its answer, or what has to be predicted for it."""
        try:
            check_origin(request, self.hosts)
            if request.method not in _METHODS:
                raise HttpError(
                    HTTPStatus.METHOD_NOT_ALLOWED,
                    f"{request.method[:20]} is not allowed",
                    {"Allow": ", ".join(_METHODS)},
                )
            return self._route(request)
        except DataError as error:  # of a file of the run
            return failure(HttpError(HTTPStatus.INTERNAL_SERVER_ERROR, str(error)))
        except Exception as error:
            return failure(error)

    def close(self) -> None:
        """End the threads of the models, and a training."""
        self.training.close()
        self.samples.close()
        self.store.close()

    # --- routes ---------------------------------------------------------------------------------

    def _route(self, request: Request) -> Response | Prediction:
        parts = request.parts
        if request.method == "POST":
            return self._post(request, parts)
        match parts:
            case []:
                return page_file("index.html")
            case ["static", *names]:
                return page_file("/".join(names))
            case ["docs"]:
                return Response.of_bytes(
                    api_page(self.store, request).encode(), "text/html; charset=utf-8"
                )
            case ["health"]:
                return Response.of_json({"status": "ok", "runs": len(self.store.folders())})
            case ["runs" | "curves" as what]:
                return self._of_all(what)
            case ["tape"]:
                return Response.of_json({"computations": tape.computations()})
            case ["samples"]:
                return Response.of_json({"samples": self._samples().states()})
            case ["samples", task]:
                return Response.of_json(self._samples().state(task))
            case ["runs", name, "training", *rest]:
                return self._of_training(name, rest, request)
            case ["runs", name, what]:
                return self._of_run(what, name)
            case [what]:
                return self._of_run(what, None)
        raise _not_found(request)

    def _of_all(self, what: str) -> Response:
        """Return the list of all runs, or a small curve of each."""
        folders = self.store.folders().items()
        if what == "curves":
            curves = {name: self.training.curve(path) for name, path in folders}
            return Response.of_json({"curves": curves})
        runs = [summary(name, path) for name, path in folders]
        return Response.of_json({"runs": runs, "single": self.store.is_single})

    def _of_training(self, name: str, rest: list[str], request: Request) -> Response:
        """Return the training of a run: as JSON, as a stream of events, or as a page to keep."""
        name, path = self.store.path(name)
        match rest:
            case []:
                return Response.of_json(self.training.content(path))
            case ["events"]:
                return self.training.events(path)
            case ["replay", *others] if len(others) < 2:
                runs = [(name, path), *map(self.store.path, others)]
                contents = {key: self.training.content(value) for key, value in runs}
                return replay_response(contents)
        raise _not_found(request)

    def _of_run(self, what: str, name: str | None) -> Response:
        """Return the model, the metrics, the history or the report of a run."""
        name, path = self.store.path(name)
        folder = RunFolder(path)
        if what == "model":
            return Response.of_json(describe(name, path))
        if what == "metrics":
            metrics = read_json(folder.metrics) if folder.metrics.is_file() else JsonObject()
            return Response.of_json(metrics)
        if what == "history":
            return Response.of_json(history(path))
        if what == "report" and folder.report.is_file():
            policy = {"Content-Security-Policy": REPORT_POLICY}
            return Response.of_file(folder.report, "text/html; charset=utf-8", headers=policy)
        raise HttpError(
            HTTPStatus.NOT_FOUND, f"there is no {what[:100]!r} of the run {name!r}; see /docs"
        )

    def _post(self, request: Request, parts: list[str]) -> Response | Prediction:
        match parts:
            case ["predict"]:
                return self._predict(request, None)
            case ["runs", name, "predict"]:
                return self._predict(request, name)
            case ["explain"]:
                return self._explain(request, None)
            case ["runs", name, "explain"]:
                return self._explain(request, name)
            case ["tape", name]:
                return Response.of_json(tape.answer(name, self._body(request, ("inputs",))))
            case ["samples", task]:
                request.json(self.limits)  # empty, but application/json: no form of another site
                return Response.of_json(self._samples().start(task), HTTPStatus.ACCEPTED)
        if self._is_read_only(parts):
            raise HttpError(HTTPStatus.METHOD_NOT_ALLOWED, "expected GET", {"Allow": "GET, HEAD"})
        raise _not_found(request)

    def _is_read_only(self, parts: list[str]) -> bool:
        return not parts or parts[-1] in _READ_ONLY

    def _samples(self) -> SampleTraining:
        if self.store.is_single:
            raise HttpError(
                HTTPStatus.NOT_FOUND,
                "one run is served; models are trained where a folder of runs is served",
            )
        return self.samples

    def _body(self, request: Request, keys: Sequence[str]) -> Mapping[str, Any]:
        """Return the body of a request. Raises HttpError for another key (400)."""
        body = request.json(self.limits)
        unknown = sorted(set(body) - set(keys))
        if unknown:
            raise HttpError(
                HTTPStatus.BAD_REQUEST,
                f"expected some of {', '.join(keys)}; got {', '.join(unknown)[:100]}",
            )
        return body

    def _explain(self, request: Request, name: str | None) -> Response:
        body = self._body(request, _OPTIONS[:2])
        run = self.store.get(name)
        inputs, single = inputs_of(run.task, body, self.limits)
        try:
            run.predictor.checked_inputs(inputs)  # an invalid one is refused before it waits
            return response_of(run.explain(inputs, self.limits.seconds), single=single)
        except DataError as error:
            raise HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error

    def _predict(self, request: Request, name: str | None) -> Response | Prediction:
        body = self._body(request, _OPTIONS)
        run = self.store.get(name)
        inputs, single = inputs_of(run.task, body, self.limits)
        if isinstance(run.predictor, PromptPredictor):
            return self._generate(run.predictor, body, inputs, single)
        if body.keys() & {"options", "stream"}:
            raise HttpError(
                HTTPStatus.BAD_REQUEST, f'"options" and "stream" are for language models, '
                f"{run.name!r} is of the task {run.task}",
            )  # fmt: skip
        try:
            examples = run.checked(inputs)
        except DataError as error:
            raise HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        if not examples:
            return response_of([], single=single)
        return Prediction(run, examples, single, int(request.header("Content-Length") or 0))

    def _generate(
        self,
        predictor: PromptPredictor,
        body: Mapping[str, Any],
        inputs: list[Any],
        single: bool,
    ) -> Response:
        try:
            options = field(body, "options", dict, {})
            streamed = field(body, "stream", bool, False)
        except DataError as error:
            raise HttpError(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error
        predictor = generation.of_request(predictor, options, self.limits)
        prompts = [generation.check_prompt(predictor, prompt) for prompt in inputs]
        if streamed:
            if not single:
                raise HttpError(HTTPStatus.BAD_REQUEST, '"stream" needs "input", a single prompt')
            parts = generation.stream(predictor, prompts[0], self.limits.seconds)
            return Response(parts, "application/x-ndjson", headers={"X-Accel-Buffering": "no"})
        tokens = predictor.settings.tokens
        if tokens * len(prompts) > self.limits.tokens:
            raise HttpError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"{len(prompts):,} prompts of {tokens:,} tokens, at most "
                f"{self.limits.tokens:,} tokens are generated for a request",
            )
        return _answer([dict(predictor.answer(1, prompt)) for prompt in prompts], single)


def _answer(answers: list[dict[str, Any]], single: bool) -> Response:
    return Response.of_json(answers[0] if single else {"answers": answers})


def _not_found(request: Request) -> HttpError:
    return HttpError(HTTPStatus.NOT_FOUND, f"there is nothing at {request.path[:200]!r}; see /docs")
