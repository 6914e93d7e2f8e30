// Word vectors: the nearest words of a word or of a sum of words, and a map of them.

import { post, runPath } from "/static/api.js";
import { bars, fill, h, labeled, later } from "/static/dom.js";
import { wordMap } from "/static/word_map.js";

export function words(place, name, model) {
  const field = h("input", { type: "text", value: model.examples[0], autocomplete: "off" });
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const picture = h("div", { class: "answer" });
  const go = (word) => { field.value = word; ask(); };
  const ask = later((signal) => {
    const request = post(runPath(name, "explain"), { input: field.value }, signal);
    return Promise.all([
      fill(answer, async () => neighbors(await request, go)),
      fill(picture, async () => wordMap(await request, go)),
    ]);
  });
  field.addEventListener("input", ask);
  place.replaceChildren(
    labeled("Word, or a sum such as king - man + woman", field), answer,
    h("div", { class: "row" }, h("button", {
      class: "plain", onclick: () => go("king - man + woman"),
    }, "king - man + woman")),
    h("h2", {}, "Map"), picture);
  ask();
}

function neighbors(result, go) {
  const unknown = result.terms.filter(({ known }) => !known).map(({ word }) => `“${word}”`);
  if (unknown.length) {
    const verb = unknown.length > 1 ? "are" : "is";
    return h("p", {}, `${unknown.join(", ")} ${verb} not in the vocabulary.`);
  }
  const links = result.neighbors.map(({ word }) => h("button", {
    class: "plain", onclick: () => go(word),
  }, word));
  return [
    bars(result.neighbors.map(({ word, similarity }) => [word, similarity])),
    h("div", { class: "row", role: "group", "aria-label": "Go on with" }, links),
  ];
}
