// The tape: a small computation, stepped forward and backward, with inputs to change.

import { get, post } from "/static/api.js";
import { fill, h, labeled, later } from "/static/dom.js";
import { lines, short, tapeGraph } from "/static/tape_graph.js";

// place: an element; name: of the computation to begin with, if any.
export async function tape(place, name) {
  const { computations } = await get("/tape");
  const first = computations.find((each) => each.name === name) ?? computations[0];
  const choice = h("select", {}, computations.map((each) => h("option", {
    value: each.name, selected: each === first,
  }, each.title)));
  const body = h("div");
  const start = () => one(body, computations.find((each) => each.name === choice.value));
  choice.addEventListener("change", start);
  place.replaceChildren(labeled("Computation", choice), body);
  start();
}

function one(place, computation) {
  const inputs = structuredClone(computation.inputs);
  const about = h("p", { class: "quiet" }, computation.about);
  const message = h("div", { "aria-live": "polite" });
  const note = h("div", { class: "answer step", "aria-live": "polite" });
  const drawing = h("div");
  const slider = h("input", { type: "range", min: 0, max: 0, value: 0, oninput: () => go(slider.valueAsNumber) });
  const button = (text, step) => h("button", {
    class: "plain", onclick: () => { if (graph) go(step()); },
  }, text);
  const at = () => slider.valueAsNumber;
  const results = h("div", { class: "tables" });
  const fields = h("div", { class: "tables" });
  let graph;
  let nodes;

  function go(step) {
    slider.value = step;
    const n = graph.operations.length;
    slider.setAttribute("aria-valuetext", at() === 0 ? "the inputs"
      : at() <= n ? `forward ${at()} of ${n}` : `backward ${at() - n} of ${n}`);
    graph.update(at());
    note.replaceChildren(...told(nodes, graph.operations, at()));
    showTables(results, computation, nodes, graph.operations, at());
    showGradients(fields, computation, nodes, at() - n);
  }

  const ask = later((signal) => fill(message, async () => {
    const answer = await post(`/tape/${computation.name}`, { inputs }, signal);
    const step = graph ? at() : 0;
    nodes = answer.nodes;
    graph = tapeGraph(nodes, computation.title);
    slider.max = graph.steps;
    drawing.replaceChildren(graph.element);
    graph.update(0);
    go(step);
    return [];
  }), 100);

  fields.append(...Object.entries(inputs).map(([name]) =>
    h("section", {}, h("h3", {}, name), inputTable(name, inputs, computation, ask),
      h("div", { class: "arriving" }))));
  place.replaceChildren(about,
    h("div", { class: "steps", role: "group", "aria-label": "Steps" },
      button("Start", () => 0), button("Back", () => at() - 1), button("Step", () => at() + 1),
      button("Loss", () => graph.operations.length), button("End", () => graph.steps),
      h("label", { class: "hidden", for: "step" }, "Step"), slider),
    h("p", { class: "quiet" }, "The arrow keys step, too. Values are dark, ",
      h("span", { class: "gradient" }, "gradients of the loss"), " have this color."),
    message, note, drawing,
    h("h2", {}, "Inputs"), fields, h("h2", {}, "Results"), results);
  slider.id = "step";
  listen(place, (change) => { if (graph) go(at() + change); });
  ask();
}

// Arrow keys step wherever the focus is, but in a field that uses them itself.
function listen(place, move) {
  place.stepping?.abort();
  place.stepping = new AbortController();
  document.addEventListener("keydown", (event) => {
    if (!place.isConnected) return place.stepping.abort();
    const change = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!change || event.target.closest("input, select, textarea")) return undefined;
    event.preventDefault();
    return move(change);
  }, { signal: place.stepping.signal });
}

const called = (node) => node.name || node.label;

// What happens in a step.
function told(nodes, operations, step) {
  const n = operations.length;
  if (step === 0) {
    return [h("p", {}, h("strong", {}, "The inputs."), " Step forward to compute the loss.")];
  }
  const node = step <= n ? nodes[operations[step - 1]] : nodes.find((each) => each.step === step - n - 1);
  const values = (value) => {
    const rows = lines(value);
    return rows.length === 1 ? rows[0] : `a table of ${rows.length} × ${value[0].length}`;
  };
  const names = node.inputs.map((i) => called(nodes[i])).join(", ");
  const first = step <= n
    ? [`Forward ${step} of ${n}: `, h("strong", {}, node.label), ` of ${names} is ${values(node.value)}`]
    : [`Backward ${step - n} of ${n}: `, h("strong", {}, node.label), " gets the gradient ",
      h("span", { class: "gradient" }, values(node.grad)), " and returns that of ",
      ...node.inputs.flatMap((i, j) => (node.input_grads[j] === null ? [] : [", ",
        `${called(nodes[i])}: `, h("span", { class: "gradient" }, values(node.input_grads[j]))])).slice(1)];
  return [h("p", {}, ...first), h("p", { class: "quiet" }, node.rule)];
}

// --- tables ---------------------------------------------------------------------------------------

function grid(value) {
  if (!Array.isArray(value)) return [[value]];
  return Array.isArray(value[0]) ? value : [value];
}

function numbers(caption, value, name, { rows, columns }, cell = short) {
  const head = columns[name] && h("thead", {}, h("tr", {}, h("td"),
    columns[name].map((text) => h("th", { scope: "col" }, text))));
  const body = grid(value).map((row, i) => h("tr", {},
    rows[name] ? h("th", { scope: "row" }, rows[name][i]) : "",
    row.map((number, j) => h("td", {}, cell(number, i, j)))));
  return h("div", { class: "scroll" }, h("table", { class: "numbers" },
    h("caption", {}, caption), head || "", h("tbody", {}, body)));
}

function inputTable(name, inputs, computation, changed) {
  const below = computation.whole[name];
  const range = below === undefined ? { min: -20, max: 20, step: "any" } : { min: 0, max: below - 1, step: 1 };
  return numbers("value", inputs[name], name, computation, (number, i, j) => h("input", {
    type: "number", value: number, ...range, "aria-label": `${name}, row ${i + 1}, column ${j + 1}`,
    oninput: (event) => {
      const { valueAsNumber } = event.target;
      if (Number.isNaN(valueAsNumber)) return;
      if (!Array.isArray(inputs[name])) inputs[name] = valueAsNumber;
      else if (Array.isArray(inputs[name][i])) inputs[name][i][j] = valueAsNumber;
      else inputs[name][j] = valueAsNumber;
      changed();
    },
  }));
}

// The gradients that have arrived at the inputs.
function showGradients(fields, computation, nodes, backward) {
  Object.keys(computation.inputs).forEach((name, i) => {
    const index = nodes.findIndex((node) => node.is_leaf && node.label === name);
    const uses = nodes.filter((node) => node.inputs.includes(index));
    const node = nodes[index];
    const isDone = node?.grad && backward > 0 && uses.every(({ step }) => step < backward);
    fields.children[i].querySelector(".arriving").replaceChildren(isDone
      ? h("div", { class: "gradient" }, numbers("gradient", node.grad, name, computation)) : "");
  });
}

function showTables(place, computation, nodes, operations, step) {
  const n = operations.length;
  const sections = operations.slice(0, step).map((i) => nodes[i]).filter((node) => node.name);
  place.replaceChildren(...sections.map((node) => {
    const users = nodes.filter(({ inputs }) => inputs.includes(nodes.indexOf(node)));
    const isDone = step > n && users.every((user) => user.step < step - n);
    return h("section", {}, h("h3", {}, node.name),
      numbers("value", node.value, node.name, computation),
      isDone ? h("div", { class: "gradient" },
        numbers("gradient", node.grad, node.name, computation)) : "");
  }));
  if (!sections.length) place.replaceChildren(h("p", { class: "quiet" }, "They appear as you step."));
}
