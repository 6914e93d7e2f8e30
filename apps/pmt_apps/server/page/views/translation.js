// Translation: a sentence, its translation with attention, and the beams as a tree.

import { post, runPath } from "/static/api.js";
import { attention } from "/static/attention.js";
import { beamTree } from "/static/beam_tree.js";
import { fill, h, labeled, later } from "/static/dom.js";

export function translation(place, name, model) {
  const field = h("textarea", { rows: 3 }, model.examples[0]);
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const joined = h("div", { class: "answer" });
  const beams = h("div");
  const ask = later((signal) => {
    if (!field.value.trim()) {
      answer.replaceChildren(h("p", { class: "quiet" }, "Write a sentence."));
      joined.replaceChildren(h("p", { class: "quiet" }, "There is no word."));
      beams.replaceChildren();
      return undefined;
    }
    const request = post(runPath(name, "explain"), { input: field.value }, signal);
    return Promise.all([
      fill(answer, async () => verdict(await request)),
      fill(joined, async () => attended(await request)),
      fill(beams, async () => beamTree(await request)),
    ]);
  }, 400);
  field.addEventListener("input", ask);
  place.replaceChildren(labeled("Sentence", field), answer,
    h("h2", {}, "Attention of the translation to the sentence"), joined,
    h("h2", {}, "Beam search"), beams);
  ask();
}

function verdict({ translation: text, score }) {
  return [
    h("p", { class: "verdict", dir: "auto" }, text || "–"),
    h("p", { class: "quiet" }, `score ${score.toFixed(3)}`),
  ];
}

// The sentence is on the left, its translation on the right.
function attended(result) {
  return attention({
    words1: result.source_tokens, words2: result.target_tokens,
    attention12: null, attention21: result.attention,
  });
}
