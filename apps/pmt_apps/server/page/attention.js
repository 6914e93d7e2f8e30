// Attention between the words of two texts: lines from word to word, by layer and head.

import { h, labeled, s } from "/static/dom.js";

const ROW = 26; // height of a word
const LEFT = 130;
const RIGHT = 230;
const WIDTH = 360;
const FAINTEST = 0.02; // of a weight that is drawn
const LETTERS = 15; // of a word that are shown

// Returns the view of the arrays attention12 and attention21, or a sentence if there are none.
// Each is an array of layers, heads, words that look, and words that they look at. One may be null.
export function attention({ words1, words2, attention12, attention21 }) {
  const weightsOf = { 12: attention12, 21: attention21 };
  const directions = Object.keys(weightsOf).filter((key) => weightsOf[key]);
  if (!directions.length) return h("p", { class: "quiet" }, "This model has no attention by words.");
  if (!words1.length || !words2.length) {
    return h("p", { class: "quiet" }, "Both texts need a word.");
  }
  const layer = choice(weightsOf[directions[0]].length, "Layer");
  const head = choice(weightsOf[directions[0]][0].length, "Head");
  const direction = h("select", {}, directions.map((key) =>
    h("option", { value: key }, key === "12" ? "first to second" : "second to first")));
  const picture = h("div");
  let chosen; // a word: [side, index]

  function draw() {
    const from1 = direction.value === "12";
    const weights = mean(weightsOf[direction.value], layer.value, head.value);
    const weight = from1 ? (i, j) => weights[i][j] : (i, j) => weights[j][i];
    picture.replaceChildren(lines(words1, words2, weight, chosen, (word, byKey) => {
      chosen = word;
      draw();
      if (byKey) picture.querySelector(".chosen").focus();
    }));
  }

  for (const field of [layer, head, direction]) field.addEventListener("change", draw);
  draw();
  return [
    h("div", { class: "columns three" }, labeled("Layer", layer), labeled("Head", head),
      directions.length > 1 ? labeled("Direction", direction) : ""),
    h("p", { class: "quiet" }, "The darker a line, the more a word looks at the other. "
      + "Point at a word to see its lines alone."),
    picture,
  ];
}

function choice(n, name) {
  return h("select", {}, h("option", { value: "" }, `mean of ${n}`),
    Array.from({ length: n }, (_, i) => h("option", { value: i }, `${name.toLowerCase()} ${i + 1}`)));
}

// The matrix of a layer and head; an empty text stands for the mean over all.
function mean(weights, layer, head) {
  const layers = layer === "" ? weights : [weights[layer]];
  const matrices = layers.flatMap((heads) => (head === "" ? heads : [heads[head]]));
  return matrices[0].map((row, i) => row.map((_, j) =>
    matrices.reduce((sum, matrix) => sum + matrix[i][j], 0) / matrices.length));
}

function lines(words1, words2, weight, chosen, choose) {
  const height = ROW * Math.max(words1.length, words2.length) + 4;
  const y = (i) => ROW * (i + 0.5) + 2;
  const most = Math.max(...words1.flatMap((_, i) => words2.map((__, j) => weight(i, j))), 1e-9);
  const joins = words1.flatMap((_, i) => words2.map((__, j) => {
    const share = weight(i, j) / most;
    const [side, index] = chosen ?? [];
    if (share < FAINTEST || (chosen && index !== (side ? j : i))) return undefined;
    return s("line", {
      x1: LEFT, y1: y(i), x2: RIGHT, y2: y(j), "stroke-opacity": share.toFixed(3),
      "stroke-width": 1 + 2 * share,
    });
  }));
  const labels = [words1, words2].flatMap((words, side) => words.map((word, i) => {
    const at = (event) => {
      if (event.type === "keydown") event.preventDefault();
      choose([side, i], event.type === "keydown");
    };
    return s("text", {
      x: side ? RIGHT + 6 : LEFT - 6, y: y(i), "text-anchor": side ? "start" : "end",
      "dominant-baseline": "central", role: "button", tabindex: 0, class: chosen?.[0] === side && chosen[1] === i
        ? "chosen" : "",
      onpointerenter: chosen?.[0] === side && chosen[1] === i ? () => {} : at, onclick: at,
      onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") at(event); },
    }, word.length > LETTERS ? `${word.slice(0, LETTERS - 1)}…` : word);
  }));
  return s("svg", {
    viewBox: `0 0 ${WIDTH} ${height}`, class: "attention", role: "group",
    "aria-label": `Attention between the words: ${strongest(words1, words2, weight)}`,
    onpointerleave: () => { if (chosen) choose(undefined); },
  }, ...joins, ...labels);
}

function strongest(words1, words2, weight) {
  const all = words1.flatMap((a, i) => words2.map((b, j) => [weight(i, j), `${a} and ${b}`]));
  return all.sort((x, y) => y[0] - x[0]).slice(0, 3)
    .map(([share, text]) => `${text} ${share.toFixed(2)}`).join(", ");
}
