// The tokens of a text, each colored by the surprise of a language model.

import { bars, h } from "/static/dom.js";

const BITS = [1, 3, 5, 8]; // least surprise of each shade

// Returns the view of an explanation.
export function surprise({ tokens }) {
  if (!tokens.length) return h("p", { class: "quiet" }, "There is no token.");
  const detail = h("div", { class: "detail", "aria-live": "polite" },
    h("p", { class: "quiet" }, "Point at a token, or move to it with the arrow keys, to see what "
      + "the model expected at its place."));
  const shown = tokens.map((token, i) => h("span", {
    class: `token ${shade(token)}`, role: "button", tabindex: i ? -1 : 0,
    "aria-label": `${visible(token.text)}: ${described(token)}`,
    onpointerenter: () => show(i), onclick: () => show(i), onfocus: () => show(i),
    onkeydown: (event) => move(event, i),
  }, token.text === "\n" ? "↵\n" : token.text));

  function show(i) {
    shown.forEach((element, j) => element.classList.toggle("chosen", i === j));
    const { text, alternatives } = tokens[i];
    detail.replaceChildren(
      h("p", {}, h("strong", {}, visible(text)), ` ${described(tokens[i])}`),
      bars(alternatives.map((other) => [visible(other.text), other.probability])));
  }

  function move(event, i) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || !shown[i + step]) return;
    event.preventDefault();
    shown[i].tabIndex = -1;
    shown[i + step].tabIndex = 0;
    shown[i + step].focus();
  }

  const bits = tokens.filter(({ probability }) => probability !== null).map(bitsOf);
  const mean = bits.reduce((sum, value) => sum + value, 0) / (bits.length || 1);
  return [
    h("p", { class: "quiet" }, `Surprise is −log₂ of the probability (of the model itself, at `
      + `temperature 1). ${tokens.length} tokens, ${mean.toFixed(2)} bits each on average.`),
    h("p", { class: "tokens", role: "group", "aria-label": "Tokens" }, shown),
    legend(), detail,
  ];
}

function bitsOf({ probability }) {
  return -Math.log2(Math.max(probability, 1e-30));
}

function shade(token) {
  if (token.probability === null) return "";
  const step = BITS.filter((least) => bitsOf(token) >= least).length;
  return step ? `against${step}` : "";
}

function described(token) {
  if (token.probability === null) return "nothing precedes it";
  return `probability ${token.probability.toPrecision(3)}, ${bitsOf(token).toFixed(1)} bits`;
}

function visible(text) {
  return text.replaceAll(" ", "␣").replaceAll("\n", "↵");
}

function legend() {
  const parts = BITS.map((bits, i) => [
    h("span", { class: `swatch against${i + 1}` }), ` ${bits} ${bits === 1 ? "bit" : "bits"} `,
  ]);
  return h("p", { class: "legend quiet" }, "from ", ...parts.flat());
}
