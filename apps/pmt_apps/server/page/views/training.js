// The training of a run of this server: follows its files, compares it, exports a replay.

import { get, runPath } from "/static/api.js";
import { h, labeled } from "/static/dom.js";
import { loadCharts } from "/static/training/charts.js";
import { Training } from "/static/training/recording.js";
import { TrainingView } from "/static/training/view.js";

const PAUSE = 3000; // milliseconds between requests if there is no stream

export async function training(place, name, runs) {
  await loadCharts();
  const shown = new Training(name);
  const others = runs.map((run) => run.name).filter((other) => other !== name);
  const compare = h("select", {}, h("option", { value: "" }, "nothing"),
    others.map((other) => h("option", { value: other }, other)));
  const save = h("a", { class: "button", download: "", href: runPath(name, "training/replay") }, "Export");
  const view = new TrainingView(place, shown, [
    labeled("Compare with", compare),
    h("div", {}, h("p", { class: "label" }, "Replay as a file"), save),
  ]);
  let second = () => {};
  compare.addEventListener("change", () => {
    second();
    view.other = undefined;
    const other = compare.value;
    save.href = runPath(name, `training/replay${other ? `/${encodeURIComponent(other)}` : ""}`);
    view.draw();
    if (!other) return;
    view.other = new Training(other);
    view.other.read();
    second = follow(view.other, place, () => view.draw());
  });
  await new Promise((done) => {
    follow(shown, place, () => { view.draw(); done(); });
  });
}

// Calls `changed` whenever the training has news; returns a function that ends this. It ends by
// itself when the place has left the page, and pauses while the page is hidden.
function follow(shown, place, changed) {
  let source;
  let timer;
  let ended = false;
  const attached = new Promise((done) => { setTimeout(done); });
  const gone = () => ended || !place.isConnected;

  function take(content) {
    shown.apply(content);
    changed();
  }

  function stop() {
    ended = true;
    pause();
    document.removeEventListener("visibilitychange", toggle);
  }

  function pause() {
    source?.close();
    source = undefined;
    clearTimeout(timer);
  }

  function toggle() {
    if (gone()) stop();
    else if (document.hidden) pause();
    else if (!source) start();
  }

  function start() {
    source = new EventSource(runPath(shown.name, "training/events"));
    let first = true; // each stream begins with all lines
    source.addEventListener("training", (event) => {
      if (gone()) { stop(); return; }
      if (first) shown.parts.clear();
      first = false;
      take(JSON.parse(event.data));
    });
    source.addEventListener("end", () => { source.close(); });
    source.addEventListener("error", () => {
      first = true;
      if (source?.readyState === EventSource.CLOSED) poll(); // no stream: there are too many
    });
  }

  async function poll() {
    if (gone()) { stop(); return; }
    try {
      const content = await get(runPath(shown.name, "training"));
      shown.parts.clear();
      take(content);
      if (content.state.status === "finished") return;
    } catch {
      // The server ends, or starts anew.
    }
    timer = setTimeout(poll, PAUSE);
  }

  document.addEventListener("visibilitychange", toggle);
  attached.then(start);
  return stop;
}
