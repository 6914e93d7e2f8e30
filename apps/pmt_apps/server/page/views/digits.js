// Digits: draw one; its probabilities, the pixels that decide, and the maps of the first layers.

import { post, runPath } from "/static/api.js";
import { bars, fill, h, labeled, later } from "/static/dom.js";
import { grayPicture, signedPicture } from "/static/pictures.js";

const SIZE = 28;
const SCALE = 10;

export function digits(place, name, model) {
  const canvas = h("canvas", {
    width: SIZE * SCALE, height: SIZE * SCALE, role: "img",
    "aria-label": "Draw a digit here with the pointer",
  });
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const why = h("div", { class: "answer" });
  const layers = h("div");
  const ask = later((signal) => {
    const input = pixels(pen);
    if (!input.some(Boolean)) {
      answer.replaceChildren(h("p", { class: "quiet" }, "Draw a digit."));
      why.replaceChildren();
      layers.replaceChildren();
      return undefined;
    }
    const request = post(runPath(name, "explain"), { input }, signal);
    return Promise.all([
      fill(answer, async () => verdict(await request)),
      fill(why, async () => gradient(await request, input)),
      fill(layers, async () => maps(await request)),
    ]);
  });
  draws(canvas, pen, ask);
  const clear = () => { pen.clearRect(0, 0, canvas.width, canvas.height); ask(); };
  const example = () => { clear(); paint(pen, model.examples[0]); ask(); };
  place.replaceChildren(
    h("div", { class: "columns" },
      h("div", {}, canvas, h("div", { class: "row" },
        h("button", { class: "plain", onclick: clear }, "Clear"),
        h("button", { class: "plain", onclick: example }, "Example"))),
      answer),
    h("h2", {}, "The pixels that decide"), why, h("h2", {}, "What the first layers see"), layers);
  example();
}

function verdict({ label, probabilities }) {
  return [
    h("p", { class: "verdict" }, `It is a ${label}`),
    bars(probabilities.map((share, digit) => [String(digit), share])),
  ];
}

// What the network reads, and the gradient of a digit that is chosen.
function gradient({ label, gradients }, input) {
  const choice = h("select", {}, gradients.map((_, digit) =>
    h("option", { value: digit, selected: digit === label }, `of a ${digit}`)));
  const picture = h("div");
  const draw = () => picture.replaceChildren(signedPicture(
    gradients[choice.value], `Gradient of the log-odds of a ${choice.value} by each pixel`));
  choice.addEventListener("change", draw);
  draw();
  const read = Array.from({ length: SIZE }, (_, i) =>
    input.slice(SIZE * i, SIZE * (i + 1)).map((value) => value / 2.55));
  return [
    h("p", { class: "quiet" }, "The gradient of the log-odds: where a pixel is blue, more ink makes the digit more "
      + "likely; where it is red, less likely."),
    h("div", { class: "pictures large" },
      h("figure", {}, grayPicture(read, "The drawing as the network reads it"),
        h("figcaption", {}, "as the network reads it")),
      h("figure", {}, picture, h("figcaption", {}, labeled("Gradient of the log-odds", choice)))),
  ];
}

function maps({ layers }) {
  if (!layers.length) return h("p", { class: "quiet" }, "This network has no convolution, so there are no maps.");
  return layers.map((layer, n) => h("section", { class: "answer", "aria-label": `Layer ${n + 1}` },
    h("h3", {}, `Convolution ${n + 1}: ${layer.maps.length} maps of ${layer.maps[0].length} × ${layer.maps[0].length}`),
    h("p", { class: "quiet" }, layer.kernels ? "Above each map the weights of its filter; a map is bright where the "
      + "filter fits the drawing." : "Each map combines all maps of the layer before."),
    h("div", { class: "pictures" }, layer.maps.map((map, i) => h("div", {},
      layer.kernels ? signedPicture(layer.kernels[i], `Filter ${i + 1}`) : "",
      grayPicture(map, `Map ${i + 1} of convolution ${n + 1}`))))));
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
