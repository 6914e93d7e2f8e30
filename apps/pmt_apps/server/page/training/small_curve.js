// The loss of a run in a card of the list, as large as a word.

import { h, s } from "/static/dom.js";
import { short } from "/static/training/recording.js";

const WIDTH = 200;
const HEIGHT = 36;

// Returns the curve, which is a link. curve: steps, losses and status of the run.
export function smallCurve({ steps, losses, status }, href) {
  const [left, right] = [steps[0], steps.at(-1)];
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const points = steps.map((x, i) => [
    WIDTH * (right > left ? (x - left) / (right - left) : 0.5),
    2 + (HEIGHT - 4) * (high > low ? (high - losses[i]) / (high - low) : 0.5),
  ].map((value) => value.toFixed(1)).join(",")).join(" ");
  const text = `Training: loss ${short(losses[0])} to ${short(losses.at(-1))}`
    + `${status === "running" ? ", under way" : ""}`;
  return [
    s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "small-curve", "aria-hidden": "true",
      preserveAspectRatio: "none" }, s("polyline", { points })),
    h("a", { href }, text),
  ];
}
