// The view of a training, live or replayed: status, hints, curves, layers, a slider through time.

import { h, labeled, shown } from "/static/dom.js";
import { LineChart } from "/static/training/charts.js";
import { HeatMap } from "/static/training/heat_map.js";
import { SIZES, duration, short } from "/static/training/recording.js";

const BASES = { x: "Steps", at: "Seconds" };
const STATUS = {
  running: "Under way", finished: "Finished", stopped: "Not over, and not under way",
  silent: "No news for a while: it may have been killed",
};

export class TrainingView {
  // place: of the page; tools: further elements beside the choices.
  constructor(place, training, tools = []) {
    this.training = training;
    this.other = undefined; // a training to compare with
    this.status = h("p", { class: "verdict", role: "status" });
    this.bar = h("progress", { max: 1, "aria-label": "Progress of the training" });
    this.hints = h("ul", { class: "hints", "aria-label": "Hints" });
    this.base = h("select", {}, Object.entries(BASES).map(([value, text]) => h("option", { value }, text)));
    this.slider = h("input", { type: "range", min: 0, max: 0, value: 0 });
    this.moment = h("p", { class: "quiet", "aria-live": "polite" });
    this.follows = true; // the slider is at the end, and stays there
    this.charts = {
      loss: new LineChart("Loss"), scores: new LineChart("Scores of dev"),
      lr: new LineChart("Learning rate"), norm: new LineChart("Norm of the gradient", { log: true }),
      speed: new LineChart("Examples per second"),
    };
    this.size = h("select", {},
      Object.entries(SIZES).map(([value, [text]]) => h("option", { value }, text)),
      h("option", { value: "0" }, "Dead units"), h("option", { value: "1" }, "Saturated values"));
    this.map = new HeatMap();
    this.table = h("div");
    this.layers = h("section", { "aria-label": "Layers" },
      h("h2", {}, "Layers"),
      h("p", { class: "quiet" }, "Numbers are root mean squares over the elements of a layer. An update "
        + "of about a thousandth of the weights is usual."),
      labeled("Show", this.size), this.map.element, this.table);
    place.replaceChildren(
      this.status, this.bar, this.hints,
      h("div", { class: "columns three" }, labeled("Over", this.base), ...tools),
      labeled("Look at a moment", this.slider), this.moment,
      h("div", { class: "charts" }, Object.values(this.charts).map(({ element }) => element)),
      this.layers);
    this.base.addEventListener("change", () => this.draw());
    this.size.addEventListener("change", () => this.draw());
    this.slider.addEventListener("input", () => {
      this.follows = this.slider.value === this.slider.max;
      this.draw();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      for (const { plot } of [...Object.values(this.charts), this.map]) plot?.redraw();
    });
  }

  draw() {
    const { training } = this;
    this.drawState();
    const moments = training.looks.length ? training.looks
      : training.steps.length ? training.steps : training.rows;
    this.slider.max = Math.max(moments.length - 1, 0);
    this.slider.disabled = moments.length < 2;
    if (this.follows) this.slider.value = this.slider.max;
    const moment = moments[Number(this.slider.value)];
    const text = moment ? momentText(moment) : "Nothing is recorded yet.";
    if (this.moment.textContent !== text) this.moment.textContent = text;
    this.slider.setAttribute("aria-valuetext", text);
    this.drawCurves(this.follows ? undefined : moment);
    this.drawLayers(training.looks.length ? moment : undefined);
  }

  drawState() {
    const { state, steps, rows, progress } = this.training;
    const last = steps.at(-1) ?? rows.at(-1);
    const facts = [STATUS[state.status]];
    if (steps.length) {
      facts.push(`step ${shown(last.x)}${this.training.total ? ` of ${shown(this.training.total)}` : ""}`);
    } else if (last) {
      facts.push(`epoch ${last.epoch}${state.epochs ? ` of ${state.epochs}` : ""}`);
    }
    if (last?.examples_per_second) facts.push(`${shown(Math.round(last.examples_per_second))} examples a second`);
    if (state.status === "running" && progress.left) facts.push(`${duration(progress.left)} left`);
    if (last && state.status === "finished") facts.push(`it took ${duration(last.at)}`);
    if (state.status === "running" && state.age > 30) facts.push(`last news ${duration(state.age)} ago`);
    const text = facts.join(" · ");
    if (this.status.textContent !== text) this.status.textContent = text; // else it is read out again
    this.bar.hidden = state.status !== "running";
    if (progress.done !== undefined) this.bar.value = progress.done;
    const hints = state.hints.map(({ stage, message, rule }) =>
      h("li", { "data-rule": rule }, stage ? `${stage}: ${message}` : message));
    const errors = state.errors.map((error) => h("li", { class: "error" }, error));
    const all = [...errors, ...hints];
    if (all.map((item) => item.textContent).join() !== [...this.hints.children].map((item) => item.textContent).join()) {
      this.hints.replaceChildren(...all);
    }
    this.hints.hidden = !all.length;
  }

  drawCurves(moment) {
    const base = this.base.value;
    const both = this.other ? [this.training, this.other] : [this.training];
    const xLabel = BASES[base].toLowerCase();
    const curves = (names) => both.flatMap((training, i) => names.map(([label, points]) => ({
      label: this.other ? `${label} (${training.name})` : label, points: points(training), dashed: i > 0,
    })));
    const numbers = (ofStep, ofRow) => (training) =>
      training.points((line) => line[ofStep], (row) => row[ofRow], base);
    const scores = [...new Set(both.flatMap((training) => training.scores))].slice(0, 6);
    const draw = (name, names) =>
      this.charts[name].update({ series: curves(names), xLabel, at: moment?.[base] });
    draw("loss", [["train", numbers("loss", "train_loss")],
      ["dev", (training) => training.column("dev_loss", base)]]);
    draw("scores", scores.map((name) =>
      [name.replace("dev_", ""), (training) => training.column(name, base)]));
    draw("lr", [["learning rate", numbers("lr", "lr")]]);
    draw("norm", [["norm", numbers("grad_norm", "grad_norm")]]);
    draw("speed", [["examples a second", numbers("examples_per_second", "examples_per_second")]]);
  }

  drawLayers(moment) {
    const { layers, looks } = this.training;
    this.layers.hidden = !moment;
    if (!moment) return;
    const base = this.base.value;
    const xs = looks.map((line) => line[base]);
    const size = SIZES[this.size.value];
    const activations = [...new Set(looks.flatMap((line) => Object.keys(line.activations)))];
    const names = size ? layers.map(({ name }) => name) : activations;
    const values = size
      ? layers.map((layer, i) => looks.map((line) => size[1](line, i, layer)))
      : activations.map((name) => looks.map((line) => line.activations[name]?.[this.size.value] ?? null));
    this.map.update({
      names, xs, values, log: Boolean(size), xLabel: BASES[base].toLowerCase(),
      title: this.size.selectedOptions[0].textContent, at: this.follows ? undefined : moment[base],
    });
    this.table.replaceChildren(layerTable(layers, moment), activationTable(moment));
  }
}

function momentText(moment) {
  const facts = [moment.epoch === undefined ? "" : `epoch ${moment.kind === "step" ? moment.epoch + 1 : moment.epoch}`,
    `step ${shown(moment.x)}`, duration(moment.at)];
  const loss = moment.loss ?? moment.train_loss;
  if (loss !== undefined) facts.push(`loss ${short(loss)}`);
  if (moment.lr !== undefined) facts.push(`rate ${short(moment.lr)}`);
  return facts.filter(Boolean).join(" · ");
}

function layerTable(layers, moment) {
  const heads = ["Layer", "Elements", ...Object.values(SIZES).map(([text]) => text)];
  return h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Sizes of the layers" },
    h("table", { class: "sizes" },
      h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, layers.map((layer, i) => h("tr", {},
        h("th", { scope: "row" }, layer.name), h("td", {}, shown(layer.size)),
        Object.values(SIZES).map(([, value]) => h("td", {}, short(value(moment, i, layer)))))))));
}

function activationTable(moment) {
  const rows = Object.entries(moment.activations);
  if (!rows.length) return h("p", { class: "quiet" }, "No activation with dead or saturated values.");
  const heads = ["Activation", "Dead units", "Saturated values"];
  return h("div", { class: "scroll", tabindex: 0, role: "group", "aria-label": "Activations" },
    h("table", { class: "sizes" },
      h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))),
      h("tbody", {}, rows.map(([name, shares]) => h("tr", {},
        h("th", { scope: "row" }, name),
        shares.map((share) => h("td", {}, `${(100 * share).toFixed(1)} %`)))))));
}
