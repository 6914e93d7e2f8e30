// Digits: draw one, and read its probabilities.

import { post, runPath } from "/static/api.js";
import { bars, fill, h, later } from "/static/dom.js";

const SIZE = 28;
const SCALE = 10;

export function digits(place, name, model) {
  const canvas = h("canvas", {
    width: SIZE * SCALE, height: SIZE * SCALE, role: "img",
    "aria-label": "Draw a digit here with the pointer",
  });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const ask = later((signal) => fill(answer, async () => {
    const input = pixels(pen);
    if (!input.some(Boolean)) return h("p", { class: "quiet" }, "Draw a digit.");
    const result = await post(runPath(name, "predict"), { input }, signal);
    return [
      h("p", { class: "verdict" }, `It is a ${result.label}`),
      bars(result.probabilities.map((share, digit) => [String(digit), share])),
    ];
  }));
  draws(canvas, pen, ask);
  const clear = () => { pen.clearRect(0, 0, canvas.width, canvas.height); ask(); };
  const example = () => { clear(); paint(pen, model.examples[0]); ask(); };
  place.replaceChildren(
    canvas,
    h("div", { class: "row" },
      h("button", { class: "plain", onclick: clear }, "Clear"),
      h("button", { class: "plain", onclick: example }, "Example")),
    answer);
  example();
}

function draws(canvas, pen, changed) {
  pen.lineWidth = 2.2 * SCALE;
  pen.lineCap = pen.lineJoin = "round";
  pen.strokeStyle = "#fff";
  let last;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [
      (event.clientX - box.left) * canvas.width / box.width,
      (event.clientY - box.top) * canvas.height / box.height,
    ];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const point = at(event);
    pen.beginPath();
    pen.moveTo(...last);
    pen.lineTo(...point);
    pen.stroke();
    last = point;
    changed();
  });
  canvas.addEventListener("pointerup", () => { last = undefined; });
}

function paint(pen, values) {
  values.forEach((value, i) => {
    if (!value) return;
    pen.fillStyle = `rgb(255 255 255 / ${value / 255})`;
    pen.fillRect((i % SIZE) * SCALE, Math.floor(i / SIZE) * SCALE, SCALE, SCALE);
  });
}

// The drawing as the data set has its digits: 20 pixels high, its center of mass in the middle.
function pixels(pen) {
  const { width, height } = pen.canvas;
  const alpha = pen.getImageData(0, 0, width, height).data.filter((_, i) => i % 4 === 3);
  let [left, right, top, bottom, mass, x, y] = [width, -1, height, -1, 0, 0, 0];
  alpha.forEach((value, i) => {
    if (!value) return;
    const [column, row] = [i % width, Math.floor(i / width)];
    left = Math.min(left, column); right = Math.max(right, column);
    top = Math.min(top, row); bottom = Math.max(bottom, row);
    mass += value; x += value * column; y += value * row;
  });
  if (!mass) return new Array(SIZE * SIZE).fill(0);
  const scale = 20 / Math.max(right - left + 1, bottom - top + 1);
  const small = new OffscreenCanvas(SIZE, SIZE).getContext("2d");
  small.imageSmoothingQuality = "high";
  small.setTransform(scale, 0, 0, scale,
    SIZE / 2 - scale * x / mass, SIZE / 2 - scale * y / mass);
  small.drawImage(pen.canvas, 0, 0);
  const result = small.getImageData(0, 0, SIZE, SIZE).data.filter((_, i) => i % 4 === 3);
  return [...result];
}
