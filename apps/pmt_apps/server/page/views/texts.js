// Classifier: the probabilities of the labels while typing, and the words that decide.

import { post, runPath } from "/static/api.js";
import { contributions, largest, legend } from "/static/contributions.js";
import { bars, fill, h, labeled, later } from "/static/dom.js";

const MOST = 20; // labels that are shown

export function texts(place, name, model) {
  const field = h("textarea", { rows: 4 }, model.examples[0]);
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const why = h("div", { class: "answer" });
  const ask = later((signal) => {
    const input = field.value;
    return Promise.all([
      fill(answer, async () => {
        const result = await post(runPath(name, "predict"), { input }, signal);
        const label = result.label ?? (result.labels.join(", ") || "no label");
        const rows = Object.entries(result.probabilities).sort((a, b) => b[1] - a[1]);
        return [h("p", { class: "verdict" }, String(label)), bars(rows.slice(0, MOST))];
      }),
      fill(why, async () =>
        explained(await post(runPath(name, "explain"), { input }, signal))),
    ]);
  });
  field.addEventListener("input", ask);
  place.replaceChildren(labeled("Text", field), answer,
    h("h2", {}, "The words that decide"), why);
  ask();
}

function explained({ label, words, scores }) {
  if (!words.length) return h("p", { class: "quiet" }, "There is no word.");
  return [
    h("p", { class: "quiet" },
      `What each word adds to the log-odds of “${label}” (gradient times input).`),
    h("p", { class: "words" }, contributions(words, scores, largest(scores))),
    legend("against it", "for it"),
  ];
}
