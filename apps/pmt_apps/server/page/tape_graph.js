// The graph of a computation: operations as boxes, values and gradients on the edges.

import { layout as arrange, Graph } from "/static/vendor/dagre/dagre.esm.js";
import { s } from "/static/dom.js";
import { panZoom } from "/static/pan_zoom.js";

const LETTER = 7.9; // width of one
const LINE = 17; // height of one
const HEIGHT = 460; // of the window
const WIDE = 800; // pixels of a page on which the graph goes from left to right

export function short(number) {
  return String(Number(number.toPrecision(3))).replace("-", "−");
}

// Numbers as lines of text, columns one below the other.
export function lines(value) {
  if (value === null || value === undefined) return [];
  const rows = !Array.isArray(value) ? [[value]] : Array.isArray(value[0]) ? value : [value];
  const texts = rows.map((row) => row.map(short));
  const widths = texts[0].map((_, j) => Math.max(...texts.map((row) => row[j].length)));
  return texts.map((row) => row.map((text, j) => text.padStart(widths[j])).join("  "));
}

// Returns the element, and `update(step)`. A step is an operation forward, then one backward.
export function tapeGraph(nodes, title) {
  const operations = nodes.flatMap((node, i) => (node.is_leaf ? [] : [i]));
  const edges = nodes.flatMap((node, to) => node.inputs.map((from, j) => ({
    from, to, value: lines(nodes[from].value), gradient: lines(node.input_grads[j]),
  })));
  const graph = placed(nodes, edges);
  const groups = edges.map((edge, i) => edgeGroup(edge, graph.edge(edge.from, edge.to, String(i))));
  const boxes = nodes.map((node, i) => box(node, graph.node(i), i === nodes.length - 1));
  const { width, height } = graph.graph();
  const content = s("g", { class: "tape" }, ...groups, ...boxes);
  const window = panZoom(content, width, height, { label: `Graph of ${title}`, height: HEIGHT, least: 0.8 });

  function update(step) {
    const n = operations.length;
    const backward = step - n; // operations whose backward was called
    const current = step <= n ? operations[step - 1]
      : nodes.findIndex((node) => node.step === backward - 1);
    const isComputed = (i) => nodes[i].is_leaf || operations.indexOf(i) < step;
    const isBack = (i) => backward > 0 && nodes[i].step !== null && nodes[i].step < backward;
    edges.forEach(({ to }, i) => {
      const { group, value, gradient } = groups[i].parts;
      const names = ["edge", isComputed(edges[i].from) && "done", isBack(to) && edges[i].gradient.length
        && "back", to === current && "current"];
      group.setAttribute("class", names.filter(Boolean).join(" "));
      value.setAttribute("visibility", isComputed(edges[i].from) ? "visible" : "hidden");
      gradient.setAttribute("visibility", isBack(to) ? "visible" : "hidden");
    });
    boxes.forEach((element, i) => {
      element.classList.toggle("current", i === current);
      element.classList.toggle("waiting", !isComputed(i));
      const result = element.querySelector(".result");
      result?.setAttribute("visibility", isComputed(i) ? "visible" : "hidden");
    });
    if (step === 0) window.fit();
    else window.show(graph.node(current).x, graph.node(current).y);
  }

  return { element: window.element, update, steps: 2 * operations.length, operations };
}

function placed(nodes, edges) {
  const isWide = globalThis.innerWidth > WIDE;
  const graph = new Graph({ multigraph: true });
  graph.setGraph({
    rankdir: isWide ? "LR" : "TB", nodesep: isWide ? 14 : 26, ranksep: 24, marginx: 12, marginy: 12,
  });
  nodes.forEach((node, i) => {
    const texts = [node.label, node.name, ...(i === nodes.length - 1 ? lines(node.value) : [])];
    const longest = Math.max(...texts.map((text) => text.length));
    const isTall = node.name || i === nodes.length - 1;
    graph.setNode(i, { width: LETTER * longest + 24, height: isTall ? 44 : 30 });
  });
  edges.forEach(({ from, to, value, gradient }, i) => {
    const longest = Math.max(...[...value, ...gradient].map((text) => text.length));
    graph.setEdge(from, to, {
      width: LETTER * longest + 8, height: LINE * (value.length + gradient.length) + 4,
      labelpos: isWide ? "l" : "r", labeloffset: 4,
    }, String(i));
  });
  arrange(graph);
  return graph;
}

function box(node, { x, y, width, height }, isLast) {
  const kind = node.is_leaf ? "leaf" : isLast ? "end" : "";
  const second = isLast ? s("text", { class: "name result", y: 15 }, lines(node.value)[0])
    : node.name ? s("text", { class: "name", y: 15 }, node.name) : "";
  return s("g", { class: `node ${kind}`, transform: `translate(${x} ${y})` },
    s("rect", { x: -width / 2, y: -height / 2, width, height }),
    s("text", { class: "operation", y: second ? -4 : 5 }, node.label), second);
}

function edgeGroup(edge, { points, x, y, width, height }) {
  const top = y - height / 2 + 14;
  const left = x - width / 2 + 4;
  const text = (rows, first, name) => s("g", { class: name }, ...rows.map((row, i) =>
    s("text", { x: left, y: top + LINE * (first + i) }, row)));
  const value = text(edge.value, 0, "value");
  const gradient = text(edge.gradient, edge.value.length, "gradient");
  const path = `M ${points.map((point) => `${point.x} ${point.y}`).join(" L ")}`;
  const group = s("g", { class: "edge" }, s("path", { d: path }), value, gradient);
  group.parts = { group, value, gradient };
  return group;
}
