// Masked language model: the likeliest pieces for each mask of a text, while typing.

import { post, runPath } from "/static/api.js";
import { bars, fill, h, labeled, later } from "/static/dom.js";

export function masks(place, name, model) {
  const field = h("textarea", { rows: 3 }, model.examples[0]);
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const ask = later((signal) => fill(answer, async () => {
    const result = await post(runPath(name, "predict"), { input: field.value }, signal);
    return result.masks.flatMap((candidates, index) => [
      h("h2", {}, `Mask ${index + 1}`),
      bars(candidates.map(({ token, probability }) => [token, probability])),
    ]);
  }));
  field.addEventListener("input", ask);
  place.replaceChildren(labeled("Text with [MASK] where a word is missing", field), answer);
  ask();
}
