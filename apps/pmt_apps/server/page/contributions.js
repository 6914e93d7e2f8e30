// Words colored by what each adds to an answer.

import { h } from "/static/dom.js";

const STEPS = 4; // shades of a color

// Returns a span per word, or a button if `clicked` is given; `off` are indices of removed words.
export function contributions(words, scores, most, clicked, off = new Set()) {
  return words.map((word, i) => {
    const score = scores[i];
    const attributes = {
      class: `word ${off.has(i) ? "off" : shade(score, most)}`,
      title: score === undefined ? undefined : signed(score),
    };
    if (!clicked) return h("span", attributes, word, hidden(score));
    return h("button", {
      ...attributes, type: "button", "aria-pressed": String(off.has(i)), onclick: () => clicked(i),
    }, word, hidden(score));
  });
}

function shade(score, most) {
  const step = Math.round(STEPS * Math.abs(score ?? 0) / (most || 1));
  return step ? `${score > 0 ? "for" : "against"}${Math.min(step, STEPS)}` : "";
}

export function signed(score) {
  return `${score < 0 ? "−" : "+"}${Math.abs(score).toFixed(3)}`;
}

function hidden(score) {
  return score === undefined ? "" : h("span", { class: "hidden" }, ` ${signed(score)}`);
}

export function largest(...rows) {
  return Math.max(...rows.flat().map(Math.abs), 0);
}

// What the colors mean.
export function legend(against, inFavor) {
  const shades = (name) => Array.from({ length: STEPS }, (_, i) =>
    h("span", { class: `swatch ${name}${i + 1}` }));
  return h("p", { class: "legend quiet" },
    against, " ", ...shades("against").reverse(), " ", ...shades("for"), " ", inFavor);
}
