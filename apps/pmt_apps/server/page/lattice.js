// The lattice of a CRF: each tag of each word, the likely steps between them, and the best path.

import { h, s } from "/static/dom.js";
import { panZoom } from "/static/pan_zoom.js";

const ROW = 30; // height of a tag
const COLUMN = 92; // width of a word
const LEFT = 78;
const TOP = 36;
const RADIUS = 9;
const LETTERS = 11; // of a word that are shown
const MOST = 20; // tags of which all are shown

// Returns the view of "lattice" of an explanation; words: texts.
export function lattice({ tags, best, marginals, emissions, transitions, steps }, words) {
  const isUsed = (j) => tags.length <= MOST || best.includes(j) || marginals.some((row) => row[j] >= 0.01);
  const rows = tags.map((_, j) => j).filter(isUsed);
  const y = (tag) => TOP + ROW * (rows.indexOf(tag) + 0.5);
  const x = (word) => LEFT + COLUMN * (word + 0.5);
  const detail = h("p", { "aria-live": "polite" },
    "Point at a tag, or move to it with the arrow keys, to see its numbers.");
  const nodes = marginals.map((row, i) => rows.map((j) => node(i, j)));
  const paths = steps.flatMap((pairs, i) => pairs.filter(([a, b]) => rows.includes(a) && rows.includes(b))
    .map(([a, b, share]) => s("path", {
      class: best[i] === a && best[i + 1] === b ? "best" : "", "stroke-opacity": Math.max(0.08, share).toFixed(3),
      "stroke-width": (1 + 4 * share).toFixed(2), d: `M ${x(i)} ${y(a)} L ${x(i + 1)} ${y(b)}`,
    })));
  // A step of the best path is drawn, however unlikely.
  const missing = steps.flatMap((pairs, i) => (pairs.some(([a, b]) => a === best[i] && b === best[i + 1]) ? []
    : [s("path", { class: "best", "stroke-width": 1, d: `M ${x(i)} ${y(best[i])} L ${x(i + 1)} ${y(best[i + 1])}` })]));
  const names = rows.map((j) => s("text", { class: "tag", x: LEFT - 12, y: y(j) + 5 }, tags[j]));
  const heads = marginals.map((_, i) => s("text", { class: "head", x: x(i), y: TOP - 14 },
    words[i].length > LETTERS ? `${words[i].slice(0, LETTERS - 1)}…` : words[i]));
  const content = s("g", { class: "lattice" }, ...paths, ...missing, ...nodes.flat(), ...names, ...heads);
  const width = LEFT + COLUMN * marginals.length + 12;
  const height = TOP + ROW * rows.length + 12;
  const window = panZoom(content, width, height, {
    label: "Lattice of the CRF", height: Math.min(height + 20, 480), least: 0.8,
  });

  function node(i, j) {
    const share = marginals[i][j];
    return s("g", {
      class: best[i] === j ? "best" : "", transform: `translate(${x(i)} ${y(j)})`, role: "img",
      tabindex: i === 0 && j === best[0] ? 0 : -1, "aria-label": told(i, j),
      onpointerenter: () => show(i, j), onfocus: () => show(i, j),
      onclick: (event) => event.currentTarget.focus(), onkeydown: (event) => move(event, i, j),
    }, s("circle", { r: RADIUS, class: "ring" }), s("circle", { r: RADIUS * Math.sqrt(share), class: "share" }));
  }

  function told(i, j) {
    const isBest = best[i] === j ? ", on the best path" : "";
    return `${words[i]}, ${tags[j]}: probability ${marginals[i][j].toFixed(3)}, score of the tag `
      + `${emissions[i][j].toFixed(2)}${isBest}`;
  }

  function show(i, j) {
    const before = i ? steps[i - 1].filter(([, b]) => b === j).sort((a, b) => b[2] - a[2])[0] : undefined;
    const from = before ? `; most likely after ${tags[before[0]]} (${before[2].toFixed(3)}, transition `
      + `${transitions[before[0]][j] === null ? "forbidden" : transitions[before[0]][j].toFixed(2)})` : "";
    detail.textContent = told(i, j) + from;
  }

  function move(event, i, j) {
    const at = rows.indexOf(j);
    const [ni, nj] = {
      ArrowLeft: [i - 1, at], ArrowRight: [i + 1, at], ArrowUp: [i, at - 1], ArrowDown: [i, at + 1],
    }[event.key] ?? [];
    const next = nodes[ni]?.[nj];
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    window.show(x(ni), y(rows[nj]));
    next.focus();
  }

  return [
    h("p", { class: "quiet" }, "A disk is the probability of a tag for a word, a line that of two tags one after the "
      + "other. The best path is the sequence of tags with the highest score: tags and transitions added up."),
    window.element, detail,
    marginals.length < words.length
      ? h("p", { class: "quiet" }, `the first ${marginals.length} words of ${words.length}`) : "",
  ];
}
