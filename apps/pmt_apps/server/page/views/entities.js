// Names: the text with its entities in color.

import { post, runPath } from "/static/api.js";
import { fill, h, labeled, later } from "/static/dom.js";

const COLORS = 5;

export function entities(place, name, model) {
  const field = h("textarea", { rows: 3 }, model.examples.join(" "));
  const answer = h("div", { class: "answer", "aria-live": "polite" });
  const types = [];
  const ask = later((signal) => fill(answer, async () => {
    const result = await post(runPath(name, "predict"), { input: field.value }, signal);
    return marked(result, types);
  }));
  field.addEventListener("input", ask);
  place.replaceChildren(labeled("Text", field), answer);
  ask();
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
    h("p", {}, ...parts),
    rows.length
      ? h("div", { class: "scroll" }, h("table", {},
        h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows)))
      : h("p", { class: "quiet" }, "no names found"),
  ];
}
