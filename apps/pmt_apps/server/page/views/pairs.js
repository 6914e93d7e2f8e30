// Question pairs: two fields, and the verdict while typing.

import { post, runPath } from "/static/api.js";
import { bars, fill, h, labeled, later } from "/static/dom.js";

export function pairs(place, name, model) {
  const [first, second] = model.examples[0];
  const fields = [h("textarea", { rows: 2 }, first), h("textarea", { rows: 2 }, second)];
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const ask = later((signal) => fill(answer, async () => {
    const input = fields.map((field) => field.value);
    const result = await post(runPath(name, "predict"), { input }, signal);
    const [no, yes] = model.settings.classes ?? ["ask something else", "ask the same"];
    const label = result.label === 1 ? yes : result.label === 0 ? no : result.label;
    return [
      h("p", { class: "verdict" }, `They ${label}`),
      bars([["probability", result.probability]]),
    ];
  }));
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
    answer, h("div", { class: "row" }, swap, examples));
  ask();
}
