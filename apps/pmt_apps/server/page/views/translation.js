// Translation: a sentence and its translation.

import { post, runPath } from "/static/api.js";
import { fill, h, labeled, later } from "/static/dom.js";

export function translation(place, name, model) {
  const field = h("textarea", { rows: 3 }, model.examples[0]);
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const ask = later((signal) => fill(answer, async () => {
    const result = await post(runPath(name, "predict"), { input: field.value }, signal);
    return [
      h("p", { class: "verdict" }, result.translation),
      h("p", { class: "quiet" }, `score ${result.score.toFixed(3)}`),
    ];
  }), 400);
  field.addEventListener("input", ask);
  place.replaceChildren(labeled("Sentence", field), answer);
  ask();
}
