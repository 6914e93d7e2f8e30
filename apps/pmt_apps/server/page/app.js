// The page: a list of runs, and the view of one.

import { get, post, runPath } from "/static/api.js";
import { fill, h, shown, table } from "/static/dom.js";
import { digits } from "/static/views/digits.js";
import { entities } from "/static/views/entities.js";
import { masks } from "/static/views/masks.js";
import { pairs } from "/static/views/pairs.js";
import { prompts } from "/static/views/prompts.js";
import { smallCurve } from "/static/training/small_curve.js";
import { tape } from "/static/views/tape.js";
import { texts } from "/static/views/texts.js";
import { training } from "/static/views/training.js";
import { translation } from "/static/views/translation.js";
import { words } from "/static/views/words.js";

const TASKS = {
  qqp: ["Question pairs", pairs],
  ner: ["Names in text", entities],
  classify: ["Texts and labels", texts],
  word2vec: ["Word vectors", words],
  translation: ["Translation", translation],
  lm: ["Language model", prompts],
  pretrain: ["Pre-trained encoder", masks],
  mnist: ["Digits", digits],
};
const content = document.getElementById("content");
let views = 0; // that were opened

// Gets what a view needs. If another view was opened meanwhile, this one is given up.
async function wanted(path) {
  const number = views;
  const answer = await get(path);
  if (number !== views) throw new DOMException("another view was opened", "AbortError");
  return answer;
}

async function showRuns() {
  const { runs, single } = await wanted("/runs");
  showMenu(runs);
  if (single && runs.length === 1) return showRun(runs[0].name);
  document.title = "pmt";
  const samples = h("div");
  const curves = new Map(runs.map((run) => [run.name, h("div")]));
  const cards = runs.map((run) => h("li", { class: "card" },
    h("h3", {}, h("a", { href: `#/runs/${encodeURIComponent(run.name)}` }, run.name)),
    run.error ? h("p", { class: "error" }, run.error)
      : h("p", {}, TASKS[run.task]?.[0] ?? String(run.task)),
    h("p", { class: "quiet" }, scoreText(run)), curves.get(run.name)));
  content.replaceChildren(
    h("h1", {}, "Trained runs"),
    runs.length ? h("ul", { class: "cards" }, cards) : h("p", {}, "There is no run yet."),
    samples);
  await Promise.all([single ? undefined : showSamples(samples), showCurves(curves)]);
}

// The loss of each run, and the way to its training.
async function showCurves(places) {
  const answer = await wanted("/curves");
  for (const [name, place] of places) {
    const curve = answer.curves[name];
    if (curve?.losses.length) place.replaceChildren(...smallCurve(curve, trainingPath(name)));
  }
}

function trainingPath(name) {
  return `#/runs/${encodeURIComponent(name)}/training`;
}

function scoreText(run) {
  if (run.error) return "";
  if (!run.has_model) return "its training is not over";
  const scores = Object.entries(run.scores ?? {}).filter(([name]) => name !== "loss");
  return scores.slice(0, 2).map(([name, value]) => `dev ${name} ${shown(value)}`).join(", ");
}

async function showSamples(place) {
  const { samples } = await wanted("/samples");
  const absent = samples.filter((sample) => sample.state !== "done");
  if (!absent.length) return place.replaceChildren();
  const cards = absent.map((sample) => {
    const state = h("div");
    const button = h("button", { onclick: () => train(sample.task, state, button) }, "Train");
    if (sample.state === "training") train(sample.task, state, button);
    return h("li", { class: "card" }, h("h3", {}, TASKS[sample.task][0]), state, button);
  });
  place.replaceChildren(
    h("h2", {}, "Samples"),
    h("p", {}, "Data sets that ship with pmt; a model is trained on one in about a minute."),
    h("ul", { class: "cards" }, cards));
  return undefined;
}

async function train(task, place, button) {
  button.disabled = true;
  await fill(place, async () => {
    let state = await post(`/samples/${task}`, {});
    const bar = h("progress", { "aria-label": `training of ${task}` });
    const line = h("p", { class: "quiet" });
    place.replaceChildren(bar, line);
    while (state.state === "training") {
      if (state.epochs) bar.max = state.epochs;
      if (state.epochs) bar.value = state.epochs_done ?? 0;
      line.textContent = `${Math.round(state.seconds)} s, ${state.epochs_done ?? 0} of `
        + `${state.epochs ?? "?"} epochs`;
      await new Promise((done) => setTimeout(done, 1000));
      state = await get(`/samples/${task}`);
    }
    if (state.state !== "done") throw new Error(`the training failed: ${state.output}`);
    if (!location.hash || location.hash === "#/") await showRuns();
    return h("p", {}, h("a", { href: `#/runs/${task}` }, "Use it"));
  });
  button.disabled = false;
}

async function showRun(name) {
  const model = await wanted(runPath(name, "model"));
  const [title, view] = TASKS[model.task];
  document.title = `${name} · pmt`;
  const place = h("section", { "aria-label": "Try it" });
  content.replaceChildren(
    h("h1", {}, title),
    h("p", { class: "quiet" }, `run ${name} · `, h("a", { href: trainingPath(name) }, "its training")),
    place, about(name, model));
  if (model.has_model) view(place, name, model);
  else place.replaceChildren(h("p", {}, "The training of this run is not over."));
}

async function showTraining(name, runs) {
  document.title = `Training of ${name} · pmt`;
  const place = h("section", { "aria-label": "Training" });
  content.replaceChildren(
    h("h1", {}, `Training of ${name}`),
    h("p", {}, h("a", { href: `#/runs/${encodeURIComponent(name)}` }, "Use this run")), place);
  await training(place, name, runs);
}

async function showTape(name) {
  document.title = "The tape · pmt";
  const place = h("section", { "aria-label": "The tape" });
  content.replaceChildren(h("h1", {}, "The tape"), place);
  await tape(place, name);
}

function about(name, model) {
  const facts = [["parameters", shown(model.parameters)], ["seconds of training", shown(model.seconds)],
    ...Object.entries(model.scores).map(([score, value]) => [`dev ${score}`, shown(value)])];
  const settings = Object.entries(model.settings).map(([key, value]) => [key, shown(value)]);
  return h("section", { "aria-label": "About this run" },
    h("h2", {}, "About this run"), table(facts),
    model.has_report ? h("p", {}, h("a", { href: runPath(name, "report") }, "The whole report")) : "",
    h("details", {}, h("summary", {}, "Settings"), table(settings)));
}

function showMenu(runs) {
  const here = decodeURIComponent(location.hash.split("/")[2] ?? "");
  document.getElementById("runs").replaceChildren(...runs.map((run) => h("li", {},
    h("a", {
      href: `#/runs/${encodeURIComponent(run.name)}`,
      "aria-current": run.name === here ? "page" : undefined,
    }, run.name))));
}

async function route() {
  const [, what, name, view] = location.hash.split("/");
  const number = ++views;
  try {
    if (what === "runs" && name) {
      const { runs } = await wanted("/runs");
      showMenu(runs);
      if (view === "training") await showTraining(decodeURIComponent(name), runs);
      else await showRun(decodeURIComponent(name));
    } else if (what === "tape") {
      showMenu((await wanted("/runs")).runs);
      await showTape(name);
    } else {
      await showRuns();
    }
  } catch (error) {
    if (number !== views) return;
    content.replaceChildren(h("p", { class: "error", role: "alert" }, error.message));
  }
}

document.querySelector("a.skip").addEventListener("click", (event) => {
  event.preventDefault(); // the part of the address after # is that of the view
  content.focus();
});
window.addEventListener("hashchange", () => route().then(() => content.focus()));
route();
