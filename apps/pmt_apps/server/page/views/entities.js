// Names: the text with its entities in color, and the probability of each tag for each word.

import { post, runPath } from "/static/api.js";
import { fill, h, labeled, later } from "/static/dom.js";
import { lattice } from "/static/lattice.js";

const COLORS = 5;
const ROWS = 200; // words of the table
const STEPS = 4; // shades of a probability

export function entities(place, name, model) {
  const field = h("textarea", { rows: 3 }, model.examples.join(" "));
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const tags = h("div");
  const paths = h("div");
  const types = [];
  const ask = later((signal) => {
    const request = post(runPath(name, "explain"), { input: field.value }, signal);
    return Promise.all([
      fill(answer, async () => marked(await request, types)),
      fill(tags, async () => tagTable(await request)),
      fill(paths, async () => chain(await request)),
    ]);
  });
  field.addEventListener("input", ask);
  place.replaceChildren(labeled("Text", field), answer,
    h("h2", {}, "The lattice of the CRF"), paths,
    h("h2", {}, "Tags of the words"), tags);
  ask();
}

function chain(result) {
  if (!result.lattice) return h("p", { class: "quiet" }, "There is no word.");
  return lattice(result.lattice, result.words.map(([word]) => word));
}

function marked(result, types) {
  // Offsets count characters; strings of JavaScript count units of UTF-16.
  const letters = [...result.text];
  const parts = [];
  let end = 0;
  for (const entity of result.entities) {
    if (!types.includes(entity.type)) types.push(entity.type);
    parts.push(letters.slice(end, entity.start).join(""));
    parts.push(h("mark", {
      class: `e${types.indexOf(entity.type) % COLORS}`,
      title: `confidence ${entity.confidence.toFixed(3)}`,
    }, entity.text, h("small", {}, entity.type)));
    end = entity.end;
  }
  parts.push(letters.slice(end).join(""));
  const rows = result.entities.map((entity) => h("tr", {},
    h("td", {}, entity.text), h("td", {}, entity.type),
    h("td", { class: "number" }, entity.confidence.toFixed(3))));
  const head = ["entity", "type", "confidence"].map((text) => h("th", { scope: "col" }, text));
  return [
    h("p", { dir: "auto" }, ...parts),
    rows.length
      ? h("div", { class: "scroll" }, h("table", {},
        h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)))
      : h("p", { class: "quiet" }, "no names found"),
  ];
}

// A row for each word, a column for each tag; the tags of the best path have a frame.
function tagTable({ words, tags, classes, probabilities }) {
  if (!words.length) return h("p", { class: "quiet" }, "There is no word.");
  const head = ["word", ...classes].map((text) => h("th", { scope: "col" }, text));
  const rows = words.slice(0, ROWS).map(([word], i) => h("tr", {},
    h("th", { scope: "row" }, word),
    probabilities[i].map((share, j) => cell(share, classes[j] === tags[i]))));
  const left = words.length - rows.length;
  return [
    h("p", { class: "quiet" }, "The probability of each tag for a word by itself. The frames are "
      + "the best path: the most likely sequence of tags, which need not be the likeliest ones."),
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Tags of the words" },
      h("table", { class: "tags" },
        h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows))),
    left > 0 ? h("p", { class: "quiet" }, `and ${left} more words`) : "",
  ];
}

function cell(share, isBest) {
  const step = Math.round(STEPS * share);
  return h("td", {
    class: `number${step ? ` for${step}` : ""}${isBest ? " best" : ""}`,
  }, share.toFixed(3), isBest ? h("span", { class: "hidden" }, " best path") : "");
}
