// A map of words: their vectors in the plane of the first two principal components.

import { h, s } from "/static/dom.js";
import { panZoom } from "/static/pan_zoom.js";

const WIDTH = 900;
const HEIGHT = 420;
const MARGIN = { x: 90, y: 36 };
const LETTER = { near: 8.5, far: 7.4 }; // width of one
const LINE = 18; // height of a label
const RADIUS = { near: 4, far: 2.5 };

// Returns the map of an explanation. go: is called with a word that is chosen.
export function wordMap({ points, terms, neighbors, explained }, go) {
  if (!points.length) return h("p", { class: "quiet" }, "There is nothing to show.");
  const asked = new Set(terms.map(({ word }) => word.toLowerCase()));
  const nAsked = points.findIndex(({ word }, i) => i > 0 && !asked.has(word.toLowerCase()));
  const kind = (i) => (i < nAsked ? "asked" : i === nAsked && terms.length > 1 ? "result"
    : i < nAsked + neighbors.length ? "near" : "far");
  const at = scale(points.slice(0, nAsked + neighbors.length));
  const places = points.map(at);
  const dots = points.map((point, i) => s("g", {
    class: `point ${kind(i)}`, role: "button", tabindex: i ? -1 : 0, "aria-label": point.word,
    onclick: () => go(point.word), onkeydown: (event) => pressed(event, i),
  }, s("circle", { r: RADIUS[kind(i)] ?? 6 }), s("text", { "dominant-baseline": "central" }, point.word)));
  const joins = arrows(points, terms, nAsked, at);
  const content = s("g", { class: "map" }, ...joins.map(({ path }) => path), ...[...dots].reverse());
  const window = panZoom(content, WIDTH, HEIGHT, {
    label: "Map of the words. Arrow keys move it", height: HEIGHT, arrows: true, zoomed,
    extent: extent(places),
  });

  // Points and labels keep their size; a label is shown where there is room for it.
  function zoomed(k) {
    const boxes = places.map(([x, y]) => box(k * x - 5, k * y - 5, 10, 10));
    dots.forEach((dot, i) => {
      const [x, y] = places[i];
      dot.setAttribute("transform", `translate(${x} ${y}) scale(${1 / k})`);
      const label = placed(points[i].word, k * x, k * y, kind(i), boxes);
      const text = dot.lastChild;
      text.setAttribute("visibility", label ? "visible" : "hidden");
      if (!label) return;
      boxes.push(label);
      text.setAttribute("x", label.dx);
      text.setAttribute("y", label.dy);
      text.setAttribute("text-anchor", label.anchor);
    });
    for (const { path, from, to } of joins) path.setAttribute("d", arrow(from, to, k));
  }

  // Enter chooses a word; left and right go through the words, the most similar first.
  function pressed(event, i) {
    const next = dots[i + ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? NaN)];
    const isChosen = event.key === "Enter" || event.key === " ";
    if (!next && !isChosen) return;
    event.preventDefault();
    event.stopPropagation();
    if (isChosen) {
      go(points[i].word);
    } else {
      window.show(...places[dots.indexOf(next)]);
      next.focus();
    }
  }

  zoomed(1);
  return [
    h("p", { class: "quiet" }, "The words in the plane of their first two principal components, which shows "
      + `${Math.round(100 * explained)} % of the variance. Zoom in to read more names; click a word to go on with it.`),
    window.element,
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

// What can be reached by moving the map: all points, also those outside of the first view.
function extent(places) {
  const [xs, ys] = [0, 1].map((axis) => places.map((place) => place[axis]));
  return [[Math.min(0, ...xs) - MARGIN.x, Math.min(0, ...ys) - MARGIN.y],
    [Math.max(WIDTH, ...xs) + MARGIN.x, Math.max(HEIGHT, ...ys) + MARGIN.y]];
}

// Of a - b + c = d: arrows from b to a, and from c to d.
function arrows(points, terms, nAsked, at) {
  const [a, b, c] = terms;
  if (terms.length !== 3 || a.sign < 0 || b.sign > 0 || c.sign < 0) return [];
  const names = points.slice(0, nAsked);
  const known = (term) => names.find(({ word }) => word === term.word)
    ?? names.find(({ word }) => word === term.word.toLowerCase());
  const pairs = [[known(b), known(a)], [known(c), points[nAsked]]];
  return pairs.filter(([from, to]) => from && to && from !== to).map(([from, to]) => ({
    from: at(from), to: at(to), path: s("path", { class: "arrow", "aria-hidden": "true" }),
  }));
}

// An arrow whose head is as large at any zoom k.
function arrow([x1, y1], [x2, y2], k) {
  const length = k * (Math.hypot(x2 - x1, y2 - y1) || 1);
  const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length];
  const [x, y] = [x2 - 9 * dx, y2 - 9 * dy];
  const wing = (side) => `${x - 9 * dx + side * 5 * dy} ${y - 9 * dy - side * 5 * dx}`;
  return `M ${x1} ${y1} L ${x} ${y} M ${wing(1)} L ${x} ${y} L ${wing(-1)}`;
}

const box = (left, top, width, height) => ({ left, top, right: left + width, bottom: top + height });

// Returns a place for a label beside its point, where it covers the least; none for a far word
// if each covers something.
function placed(word, x, y, kind, boxes) {
  const width = (LETTER[kind] ?? LETTER.near) * word.length;
  const around = [["start", 9, 0], ["end", -9, 0], ["middle", 0, -15], ["middle", 0, 15],
    ["start", 9, -14], ["start", 9, 14], ["end", -9, -14], ["end", -9, 14]];
  const choices = around.map(([anchor, dx, dy]) => {
    const left = x + dx - { start: 0, end: width, middle: width / 2 }[anchor];
    const place = box(left, y + dy - LINE / 2, width, LINE);
    return { ...place, anchor, dx, dy, cost: boxes.reduce((sum, other) => sum + overlap(place, other), 0) };
  });
  const best = choices.reduce((first, second) => (second.cost < first.cost ? second : first));
  return best.cost > 0 && kind === "far" ? undefined : best;
}

function overlap(a, b) {
  return Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left))
    * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
}
