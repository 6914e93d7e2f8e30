// A heat map of the layers over time, drawn onto the axes of uPlot, and its scale of colors.

import { h } from "/static/dom.js";
import { basics, color, verticalLine } from "/static/training/charts.js";
import { short } from "/static/training/recording.js";

const ROW = 18; // height of a layer in pixels
const SPACE = 64; // below the rows: axis and its label
const LETTER = 6.6; // width of one
// Stops of viridis (Smith & van der Walt 2015), whose lightness grows evenly.
const STOPS = [
  [68, 1, 84], [72, 40, 120], [62, 74, 137], [49, 104, 142], [38, 130, 142], [31, 158, 137],
  [53, 183, 121], [110, 206, 88], [181, 222, 43], [253, 231, 37],
];

export function shade(fraction) {
  const place = Math.min(Math.max(fraction, 0), 1) * (STOPS.length - 1);
  const i = Math.min(Math.floor(place), STOPS.length - 2);
  const mixed = STOPS[i].map((low, c) => Math.round(low + (place - i) * (STOPS[i + 1][c] - low)));
  return `rgb(${mixed.join(" ")})`;
}

export class HeatMap {
  constructor() {
    this.drawing = h("div", { "aria-hidden": "true" });
    this.place = h("div", { role: "img" }, this.drawing);
    this.scale = h("div", { class: "scale" });
    this.element = h("figure", { class: "chart heat" }, this.scale, this.place);
    this.key = "";
    new ResizeObserver(() => this.resize()).observe(this.element);
  }

  // names: of the rows; xs: of the columns; values[row][column], null where there is none;
  // log: whether the scale is; xLabel, title: texts; at: where the slider is.
  update({ names, xs, values, log, xLabel, title, at }) {
    this.element.hidden = !xs.length || !names.length;
    if (this.element.hidden) return;
    Object.assign(this, { xs, values, at });
    const finite = values.flat().filter((value) => value !== null && (!log || value > 0));
    const top = finite.reduce((a, b) => Math.max(a, b), log ? 1e-30 : 1);
    const low = finite.reduce((a, b) => Math.min(a, b), top);
    const bottom = log ? Math.max(low, 1e-6 * top) : 0; // six decades at most
    const span = log ? Math.log(top / bottom) || 1 : top - bottom || 1;
    this.fraction = (value) => (log ? Math.log(Math.max(value, bottom) / bottom) : value - bottom) / span;
    this.scale.replaceChildren(h("span", {}, title), h("span", {}, short(bottom)), ramp(), h("span", {}, short(top)));
    this.place.setAttribute("aria-label",
      `${title} of ${names.length} layers over time; the table below has the numbers`);
    const key = JSON.stringify([names, xLabel, this.place.clientWidth < 500]);
    const data = [xs, xs.map(() => 0)]; // its curve has no color
    if (this.plot && key === this.key) {
      this.plot.setData(data);
    } else {
      this.plot?.destroy();
      this.key = key;
      this.plot = this.made(names, data, xLabel);
    }
  }

  made(names, data, xLabel) {
    const { axis, options } = basics(this.place, xLabel);
    const { x, ...rest } = options;
    const most = this.place.clientWidth < 500 ? 110 : 300;
    const letters = Math.floor(most / LETTER);
    const labels = names.map((name) => (name.length > letters ? `…${name.slice(1 - letters)}` : name));
    const size = Math.min(most, LETTER * Math.max(...labels.map((name) => name.length)) + 20);
    this.height = ROW * names.length + SPACE;
    return new globalThis.uPlot({
      ...rest, height: this.height, legend: { show: false },
      scales: { x: { time: false, range: (plot, from, to) => [from, to > from ? to : from + 1] },
        y: { range: () => [0, names.length], dir: -1 } },
      axes: [{ ...x, grid: { show: false } }, { ...axis, size, grid: { show: false }, ticks: { show: false },
        splits: () => names.map((_, i) => i + 0.5), values: () => labels }],
      series: [{}, { points: { show: false } }],
      hooks: { drawClear: [(plot) => this.draw(plot)], draw: [(plot) => this.drawLine(plot)] },
    }, data, this.drawing);
  }

  draw(plot) {
    const { ctx, bbox } = plot;
    const edges = this.xs.map((x, i) => plot.valToPos(i ? (x + this.xs[i - 1]) / 2 : x, "x", true));
    edges.push(plot.valToPos(this.xs.at(-1), "x", true));
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    const height = bbox.height / this.values.length;
    this.values.forEach((row, i) => {
      const y = Math.round(bbox.top + i * height);
      const below = Math.round(bbox.top + (i + 1) * height);
      row.forEach((value, j) => {
        const x = Math.round(edges[j]);
        ctx.fillStyle = value === null ? color("--line") : shade(this.fraction(value));
        ctx.fillRect(x, y, Math.max(Math.round(edges[j + 1]) - x, 1), below - y - 1);
      });
    });
    ctx.restore();
  }

  drawLine(plot) {
    if (this.at !== undefined) verticalLine(plot, this.at);
  }

  resize() {
    if (this.plot) this.plot.setSize({ width: Math.max(this.place.clientWidth, 200), height: this.height });
  }
}

function ramp() {
  const canvas = h("canvas", { width: 120, height: 12, class: "ramp", "aria-hidden": "true" });
  const pen = canvas.getContext("2d");
  for (let x = 0; x < 120; x += 1) {
    pen.fillStyle = shade(x / 119);
    pen.fillRect(x, 0, 1, 12);
  }
  return canvas;
}
