// A map of words: their vectors in the plane of the first two principal components.

import { h, s } from "/static/dom.js";

const WIDTH = 640;
const HEIGHT = 420;
const MARGIN = { x: 90, y: 30 };
const LETTER = 8.5; // width of one
const LINE = 17; // height of a label

// Returns the map of an explanation. go: is called with a word that is chosen.
export function wordMap({ points, terms, neighbors, explained }, go) {
  if (!points.length) return h("p", { class: "quiet" }, "There is nothing to show.");
  const at = scale(points);
  const asked = terms.length;
  const isAsked = (i) => i < points.length - neighbors.length;
  const labels = placed(points.map((point) => [point.word, ...at(point)]));
  const dots = points.map((point, i) => {
    const [x, y] = at(point);
    const name = isAsked(i) ? "asked" : i === points.length - neighbors.length && asked > 1
      ? "result" : "near";
    const choose = () => go(point.word);
    return s("g", {
      class: name, role: "button", tabindex: 0, "aria-label": point.word, onclick: choose,
      onkeydown: (event) => { if (event.key === "Enter") choose(); },
    }, s("circle", { cx: x, cy: y, r: name === "near" ? 4 : 6 }), s("text", labels[i], point.word));
  });
  return [
    h("p", { class: "quiet" }, "The words in the plane of their first two principal components, "
      + `which shows ${Math.round(100 * explained)} % of the variance. Click a word to go on with it.`),
    s("svg", {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "map", role: "group", "aria-label": "Map of the words",
    }, ...arrows(points, terms, neighbors, at), ...dots),
  ];
}

// The same scale in both directions.
function scale(points) {
  const [xs, ys] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const unit = Math.min((WIDTH - 2 * MARGIN.x) / (right - left || 1),
    (HEIGHT - 2 * MARGIN.y) / (high - low || 1));
  return ({ x, y }) => [
    WIDTH / 2 + unit * (x - (left + right) / 2),
    HEIGHT / 2 - unit * (y - (low + high) / 2),
  ];
}

// Of a - b + c = d: arrows from b to a, and from c to d.
function arrows(points, terms, neighbors, at) {
  const [a, b, c] = terms;
  if (terms.length !== 3 || a.sign < 0 || b.sign > 0 || c.sign < 0) return [];
  const names = points.slice(0, points.length - neighbors.length);
  const known = (term) => names.find(({ word }) => word === term.word)
    ?? names.find(({ word }) => word === term.word.toLowerCase());
  const pairs = [[known(b), known(a)], [known(c), points[names.length]]];
  return pairs.filter(([from, to]) => from && to && from !== to).map(([from, to]) => {
    const [[x1, y1], [x2, y2]] = [at(from), at(to)];
    const length = Math.hypot(x2 - x1, y2 - y1) || 1;
    const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
    const [x, y] = [x2 - 9 * dx, y2 - 9 * dy];
    const wing = (side) => `${x - 9 * dx + side * 5 * dy} ${y - 9 * dy - side * 5 * dx}`;
    return s("path", {
      class: "arrow", "aria-hidden": "true",
      d: `M ${x1} ${y1} L ${x} ${y} M ${wing(1)} L ${x} ${y} L ${wing(-1)}`,
    });
  });
}

// Returns the attributes of each label: beside its point, where it covers the fewest others.
function placed(words) {
  const boxes = words.map(([, x, y]) => ({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 }));
  return words.map(([word, x, y]) => {
    const width = LETTER * word.length;
    const places = [
      ["start", x + 9, y], ["end", x - 9, y], ["middle", x, y - 15], ["middle", x, y + 15],
      ["start", x + 9, y - 14], ["start", x + 9, y + 14], ["end", x - 9, y - 14], ["end", x - 9, y + 14],
      ["middle", x, y - 30], ["middle", x, y + 30], ["start", x + 9, y - 28], ["start", x + 9, y + 28],
    ].map(([anchor, px, py]) => {
      const left = anchor === "start" ? px : anchor === "end" ? px - width : px - width / 2;
      return { anchor, px, py, left, right: left + width, top: py - LINE / 2, bottom: py + LINE / 2 };
    });
    const best = places.map((place) => [cost(place, boxes), place])
      .reduce((first, second) => (second[0] < first[0] ? second : first))[1];
    boxes.push(best);
    return {
      x: best.px, y: best.py, "text-anchor": best.anchor, "dominant-baseline": "central",
    };
  });
}

function cost(place, boxes) {
  const outside = Math.max(0, -place.left) + Math.max(0, place.right - WIDTH)
    + Math.max(0, -place.top) + Math.max(0, place.bottom - HEIGHT);
  return boxes.reduce((sum, box) => sum
    + Math.max(0, Math.min(place.right, box.right) - Math.max(place.left, box.left))
    * Math.max(0, Math.min(place.bottom, box.bottom) - Math.max(place.top, box.top)), 50 * outside);
}
