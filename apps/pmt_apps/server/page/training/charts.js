// Charts of a training, by uPlot: curves over steps or time, with a line where the slider is.

import { h } from "/static/dom.js";
import { short } from "/static/training/recording.js";

const HEIGHT = 220;
const COLORS = ["--c0", "--c1", "--c2", "--c3", "--c4", "--c5"];
const FONT = "12px system-ui, sans-serif";

export function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

// Loads uPlot; a replay has it already.
export async function loadCharts() {
  if (globalThis.uPlot) return;
  await new Promise((done, failed) => {
    const script = h("script", { src: "/static/vendor/uplot/uPlot.iife.min.js" });
    script.addEventListener("load", done);
    script.addEventListener("error", () => failed(new Error("the charts cannot be loaded")));
    document.head.append(script);
  });
}

// The options that all charts have.
export function basics(element, xLabel) {
  const axis = {
    stroke: () => color("--quiet"), font: FONT,
    grid: { stroke: () => color("--line"), width: 1 },
    ticks: { stroke: () => color("--line"), width: 1 },
  };
  return {
    axis,
    options: {
      width: Math.max(element.clientWidth, 200), height: HEIGHT,
      cursor: { y: false, drag: { x: true, y: false } },
      x: { ...axis, label: xLabel, labelFont: FONT, labelSize: 18, size: 36, values: shortTicks },
    },
  };
}

function shortTicks(plot, ticks) {
  return ticks.map((tick) => (tick >= 1e6 ? `${tick / 1e6}M` : tick >= 1e4 ? `${tick / 1e3}k` : tick));
}

// A figure with curves; update({series, xLabel, at}) draws them anew.
export class LineChart {
  constructor(title, { log = false } = {}) {
    this.title = title;
    this.log = log;
    this.drawing = h("div", { "aria-hidden": "true" });
    this.place = h("div", { role: "img" }, this.drawing);
    this.element = h("figure", { class: "chart" }, h("figcaption", {}, title), this.place);
    this.key = "";
    new ResizeObserver(() => this.resize()).observe(this.element);
  }

  // series: [{label, points: [[x, y], ...], dashed}], at: where the slider is, or undefined.
  update({ series, xLabel, at }) {
    const drawn = series.filter(({ points }) => points.length);
    this.element.hidden = !drawn.length;
    this.at = at;
    if (!drawn.length) return;
    this.place.setAttribute("aria-label", `${this.title}: ${drawn.map(described).join("; ")}`);
    const data = globalThis.uPlot.join(drawn.map(({ points }) => [
      points.map(([x]) => x), points.map(([, y]) => (this.log && y <= 0 ? null : y))]));
    const log = this.log && data.slice(1).some((ys) => ys.some((y) => y > 0));
    const key = JSON.stringify([drawn.map(({ label, dashed }) => [label, dashed]), xLabel, log]);
    if (this.plot && key === this.key) {
      this.plot.setData(data);
    } else {
      this.plot?.destroy();
      this.key = key;
      this.plot = this.made(drawn, data, xLabel, log);
    }
  }

  made(series, data, xLabel, log) {
    const { axis, options } = basics(this.place, xLabel);
    const { x, ...rest } = options;
    const solid = series.filter(({ dashed }) => !dashed).length || 1;
    return new globalThis.uPlot({
      ...rest,
      scales: { x: { time: false }, y: log ? { distr: 3 } : {} },
      axes: [x, { ...axis, size: 56, values: (plot, ticks) => ticks.map((tick) => (
        tick === null ? "" : short(tick))) }],
      series: [
        { label: xLabel, value: (plot, value) => (value === null ? "–" : value.toLocaleString("en")) },
        ...series.map(({ label, dashed }, i) => ({
          label, spanGaps: true, width: 2, dash: dashed ? [6, 4] : undefined,
          stroke: () => color(COLORS[i % solid % COLORS.length]),
          points: { show: (plot, index) => data[index].filter((y) => y !== null).length < 30 },
          value: (plot, value) => short(value),
        })),
      ],
      hooks: { draw: [(plot) => this.drawLine(plot)] },
    }, data, this.drawing);
  }

  drawLine(plot) {
    if (this.at === undefined) return;
    verticalLine(plot, this.at);
  }

  resize() {
    if (this.plot) this.plot.setSize({ width: Math.max(this.place.clientWidth, 200), height: HEIGHT });
  }
}

export function verticalLine(plot, at) {
  const { ctx, bbox } = plot;
  const x = Math.round(plot.valToPos(at, "x", true));
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.save();
  ctx.strokeStyle = color("--text");
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

function described({ label, points }) {
  const ys = points.map(([, y]) => y);
  const [low, high] = ys.reduce(([a, b], y) => [Math.min(a, y), Math.max(b, y)], [Infinity, -Infinity]);
  return `${label} from ${short(ys[0])} to ${short(ys.at(-1))}, lowest ${short(low)}, highest ${short(high)}`;
}
