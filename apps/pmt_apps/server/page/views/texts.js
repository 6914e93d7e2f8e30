// Classifier: the probabilities of the labels while typing.

import { post, runPath } from "/static/api.js";
import { bars, fill, h, labeled, later } from "/static/dom.js";

const MOST = 20; // labels that are shown

export function texts(place, name, model) {
  const field = h("textarea", { rows: 4 }, model.examples[0]);
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const ask = later((signal) => fill(answer, async () => {
    const result = await post(runPath(name, "predict"), { input: field.value }, signal);
    const label = result.label ?? (result.labels.join(", ") || "no label");
    const rows = Object.entries(result.probabilities).sort((a, b) => b[1] - a[1]);
    return [h("p", { class: "verdict" }, String(label)), bars(rows.slice(0, MOST))];
  }));
  field.addEventListener("input", ask);
  place.replaceChildren(labeled("Text", field), answer);
  ask();
}
