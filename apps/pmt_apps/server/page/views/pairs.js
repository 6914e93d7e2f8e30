// Question pairs: two fields, the verdict while typing, the words that decide, and attention.

import { post, runPath } from "/static/api.js";
import { attention } from "/static/attention.js";
import { contributions, largest, legend, signed } from "/static/contributions.js";
import { bars, fill, h, labeled, later } from "/static/dom.js";

export function pairs(place, name, model) {
  const [first, second] = model.examples[0];
  const fields = [h("textarea", { rows: 2 }, first), h("textarea", { rows: 2 }, second)];
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const why = h("div", { class: "answer" });
  const joined = h("div", { class: "answer" });
  const ask = later((signal) => {
    const input = fields.map((field) => field.value);
    let result;
    const request = post(runPath(name, "explain"), { input }, signal);
    return Promise.all([
      fill(answer, async () => {
        result = await request;
        return verdict(result, model);
      }),
      fill(why, async () => removable(name, await request)),
      fill(joined, async () => attention(await request)),
    ]);
  });
  for (const field of fields) field.addEventListener("input", ask);
  const examples = model.examples.map(([a, b], i) => h("button", {
    class: "plain",
    onclick: () => { [fields[0].value, fields[1].value] = [a, b]; ask(); },
  }, `Example ${i + 1}`));
  const swap = h("button", {
    class: "plain",
    onclick: () => {
      [fields[0].value, fields[1].value] = [fields[1].value, fields[0].value];
      ask();
    },
  }, "Swap");
  place.replaceChildren(
    h("div", { class: "columns" },
      labeled("First question", fields[0]), labeled("Second question", fields[1])),
    answer, h("div", { class: "row" }, swap, examples),
    h("h2", {}, "The words that decide"), why,
    h("h2", {}, "Attention between the questions"), joined,
    model.mistakes.length ? h("h2", {}, "The most confident mistakes on dev") : "",
    model.mistakes.length ? mistakes(model, (pair) => {
      [fields[0].value, fields[1].value] = pair;
      ask();
      fields[0].focus();
    }) : "");
  ask();
}

// The pairs that the run got wrong, the surest first; a click asks about one.
function mistakes(model, go) {
  const head = ["probability", "in truth", "pair"].map((text) => h("th", { scope: "col" }, text));
  const rows = model.mistakes.map(({ question1, question2, label, probability }) => h("tr", {},
    h("td", { class: "number" }, probability.toFixed(3)), h("td", {}, label ? "the same" : "not the same"),
    h("td", {}, h("button", { class: "plain pair", onclick: () => go([question1, question2]) },
      h("span", {}, question1), h("span", {}, question2)))));
  return h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": "Mistakes" },
    h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)));
}

function verdict(result, model) {
  const [no, yes] = model.settings.classes ?? ["ask something else", "ask the same"];
  const label = result.label === 1 ? yes : result.label === 0 ? no : result.label;
  return [
    h("p", { class: "verdict" }, `They ${label}`),
    bars([["probability", result.probability]]),
  ];
}

// The words of both questions. A click removes a word, or puts it back.
function removable(name, result) {
  const sides = [[result.words1, result.scores1], [result.words2, result.scores2]];
  const off = [new Set(), new Set()];
  const most = largest(...sides.map(([, scores]) => scores));
  const rows = sides.map((_, side) => h("div", {
    class: "words", role: "group", "aria-label": side ? "Second question" : "First question",
  }));
  const change = h("p", { "aria-live": "polite" }, "Click a word to remove it.");

  const measure = later((signal) => fill(change, async () => {
    if (!off.some((set) => set.size)) return "Click a word to remove it.";
    const input = sides.map(([words], side) =>
      words.filter((_, i) => !off[side].has(i)).join(" "));
    const { probability } = await post(runPath(name, "predict"), { input }, signal);
    const removed = sides.flatMap(([words], side) => words.filter((_, i) => off[side].has(i)));
    return [
      `Without “${removed.join(" ")}” the probability is `,
      h("strong", {}, probability.toFixed(3)),
      ` instead of ${result.probability.toFixed(3)} (`,
      signed(probability - result.probability), ").",
    ];
  }), 100);

  function show() {
    rows.forEach((row, side) => row.replaceChildren(...contributions(...sides[side], most, (i) => {
      if (!off[side].delete(i)) off[side].add(i);
      const at = i;
      show();
      row.children[at].focus();
      measure();
    }, off[side])));
  }

  show();
  const how = result.method === "removal" ? "what is lost without it" : result.method;
  return [
    h("p", { class: "quiet" },
      `What each word adds to the log-odds that they ask the same (${how}).`),
    ...rows, legend("something else", "the same"), change,
  ];
}
