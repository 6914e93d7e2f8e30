// Word vectors: the nearest words of a word.

import { post, runPath } from "/static/api.js";
import { bars, fill, h, labeled, later } from "/static/dom.js";

export function words(place, name, model) {
  const field = h("input", { type: "text", value: model.examples[0], autocomplete: "off" });
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const ask = later((signal) => fill(answer, async () => {
    const result = await post(runPath(name, "predict"), { input: field.value }, signal);
    if (!result.known) return h("p", {}, `“${result.word}” is not in the vocabulary.`);
    const links = result.neighbors.map(({ word }) => h("button", {
      class: "plain", onclick: () => { field.value = word; ask(); },
    }, word));
    return [
      bars(result.neighbors.map(({ word, similarity }) => [word, similarity])),
      h("div", { class: "row", "aria-label": "Go on with" }, links),
    ];
  }));
  field.addEventListener("input", ask);
  place.replaceChildren(labeled("Word", field), answer);
  ask();
}
