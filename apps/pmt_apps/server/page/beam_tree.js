// Beam search as a tree: what was kept, what was dropped, and the best path.

import { hierarchy, tree } from "/static/d3.js";
import { h, s } from "/static/dom.js";
import { panZoom } from "/static/pan_zoom.js";

const ROW = 24; // height of a node
const GAP = 34; // between two steps
const LETTER = 7.9; // width of one
const HEIGHT = 460; // of the window

// Returns the view of "nodes", "path" and "beam" of an explanation.
export function beamTree({ nodes, path, beam, source }) {
  const items = nodes.map(([parent, depth, token, logP, score, state], id) =>
    ({ id, parent, depth, token, logP, score, state }));
  const best = new Set(path);
  const placed = arranged(items);
  const steps = Math.max(...items.map(({ depth }) => depth), 0);
  const detail = h("p", { "aria-live": "polite" }, "Point at a token, or move to it with the arrow keys.");
  const edges = new Map();
  const marks = new Map();
  for (const { data, x, y, parent } of placed.points) {
    if (data.id < 0) continue;
    const start = `M ${parent.y + (parent.data.width ?? 0)} ${parent.x}`;
    const bend = (y + parent.y + (parent.data.width ?? 0)) / 2;
    edges.set(data.id, s("path", { d: `${start} C ${bend} ${parent.x} ${bend} ${x} ${y} ${x}` }));
    marks.set(data.id, s("g", {
      transform: `translate(${y} ${x})`, role: "img", tabindex: -1, "aria-label": told(data),
      onpointerenter: () => show(data.id), onfocus: () => show(data.id),
      onclick: () => marks.get(data.id).focus(), onkeydown: (event) => move(event, data.id),
    }, s("rect", { x: 0, y: -9, width: data.width, height: 18 }), s("text", { x: 5, y: 4.5 }, data.token)));
  }
  const content = s("g", { class: "beams" }, ...edges.values(), ...marks.values());
  const window = panZoom(content, placed.width, placed.height, {
    label: `Beam search for ${source}`, height: HEIGHT, least: 0.55,
  });
  const slider = h("input", { type: "range", min: 1, max: steps, value: steps, id: "beam-step", oninput: update });

  function update() {
    const step = slider.valueAsNumber;
    const alive = new Set();
    for (const item of items) {
      const isLive = (item.state === "ended" && item.depth <= step)
        || (item.state === "kept" && item.depth === step);
      for (let id = isLive ? item.id : -1; id >= 0; id = items[id].parent) alive.add(id);
    }
    for (const { id, depth, state } of items) {
      const names = [state, alive.has(id) ? "alive" : "gray", step === steps && best.has(id) && "best"];
      for (const element of [edges.get(id), marks.get(id)]) {
        element.setAttribute("class", names.filter(Boolean).join(" "));
        element.setAttribute("visibility", depth <= step ? "visible" : "hidden");
      }
    }
    slider.setAttribute("aria-valuetext", `step ${step} of ${steps}`);
  }

  function textOf(id) {
    const tokens = [];
    for (let at = id; at >= 0; at = items[at].parent) tokens.unshift(items[at].token);
    return tokens.join("").replaceAll("_", " ").trim();
  }

  function told({ id, logP, score, state, token }) {
    const fate = best.has(id) ? "on the best path" : { kept: "kept", dropped: "dropped", ended: "a whole translation" }[state];
    return `${token}: log-probability ${logP.toFixed(2)}, score ${score.toFixed(3)}, ${fate}`;
  }

  function show(id) {
    for (const [other, mark] of marks) mark.classList.toggle("chosen", other === id);
    detail.replaceChildren(h("strong", {}, textOf(id)), ` — ${told(items[id]).split(": ").slice(-1)[0]}`);
  }

  // Left and right follow a branch, up and down change it within a step.
  function move(event, id) {
    const { parent, depth } = items[id];
    const inStep = placed.points.filter(({ data }) => data.id >= 0 && data.depth === depth)
      .sort((a, b) => a.x - b.x).map(({ data }) => data.id);
    const at = inStep.indexOf(id);
    const next = {
      ArrowLeft: parent, ArrowRight: items.find((item) => item.parent === id)?.id,
      ArrowUp: inStep[at - 1], ArrowDown: inStep[at + 1],
    }[event.key];
    if (next === undefined || next < 0) return;
    event.preventDefault();
    event.stopPropagation();
    const point = placed.points.find(({ data }) => data.id === next);
    window.show(point.y, point.x);
    marks.get(next).focus();
  }

  const first = marks.get(path[0] ?? items[0]?.id);
  if (first) first.tabIndex = 0;
  update();
  return [
    h("p", { class: "quiet" }, `Each step keeps the ${beam} likeliest beginnings; what it drops is gray. `
      + "The score of a whole translation is its log-probability divided by the length penalty."),
    h("div", { class: "steps" }, h("label", { for: "beam-step" }, "Step"), slider),
    window.element, detail, hypotheses(items, best, textOf),
  ];
}

function arranged(items) {
  const children = new Map();
  for (const item of items) {
    item.width = LETTER * item.token.length + 10;
    children.set(item.parent, [...(children.get(item.parent) ?? []), item]);
  }
  const root = hierarchy({ id: -1, depth: 0, width: 0 }, ({ id }) => children.get(id));
  tree().nodeSize([ROW, 1]).separation((a, b) => (a.parent === b.parent ? 1 : 1.2))(root);
  const points = root.descendants();
  const widest = points.reduce((widths, { depth, data }) => {
    widths[depth] = Math.max(widths[depth] ?? 0, data.width);
    return widths;
  }, []);
  const lefts = widest.map((_, depth) => 8 + widest.slice(0, depth).reduce((sum, width) => sum + width + GAP, 0));
  const top = Math.min(...points.map(({ x }) => x)) - ROW;
  for (const point of points) {
    point.y = lefts[point.depth];
    point.x -= top;
  }
  const height = Math.max(...points.map(({ x }) => x)) + ROW;
  return { points, height, width: lefts.at(-1) + widest.at(-1) + 8 };
}

function hypotheses(items, best, textOf) {
  const ended = items.filter(({ state }) => state === "ended").sort((a, b) => b.score - a.score);
  if (!ended.length) return h("p", { class: "quiet" }, "None has ended: the best was cut at its limit.");
  const head = ["translation", "log-probability", "score"].map((text) => h("th", { scope: "col" }, text));
  const rows = ended.map((item) => h("tr", { class: best.has(item.id) ? "best" : "" },
    h("th", { scope: "row" }, textOf(item.parent)),
    h("td", { class: "number" }, item.logP.toFixed(2)), h("td", { class: "number" }, item.score.toFixed(3))));
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Whole translations" },
    h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)));
}
