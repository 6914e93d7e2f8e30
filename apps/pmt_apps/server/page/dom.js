// Elements of the page. Texts are text nodes, never markup.

const SVG = "http://www.w3.org/2000/svg";
let ids = 0;

// Returns an element. Attributes that begin with "on" are listeners.
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

// Returns an element of SVG.
export function s(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined));
  return element;
}

// A field with its label. What is written in it has the direction of its letters.
export function labeled(text, field) {
  if (field.matches("textarea, input[type=text]")) field.dir = "auto";
  field.id ||= `field-${++ids}`;
  return h("div", {}, h("label", { for: field.id }, text), field);
}

// Rows of a label, a bar and a number from 0 to 1.
export function bars(rows) {
  const cells = rows.flatMap(([name, share]) => {
    const svg = s("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none" },
      s("rect", { width: 100 * Math.max(0, Math.min(1, share)), height: 10 }));
    return [
      h("span", {}, name),
      h("div", { class: "track", "aria-hidden": "true" }, svg),
      h("span", { class: "number" }, share.toFixed(3)),
    ];
  });
  return h("div", { class: "bars" }, cells);
}

export function table(rows) {
  const lines = rows.map(([name, value]) =>
    h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, String(value))));
  return h("div", { class: "scroll" }, h("table", {}, h("tbody", {}, lines)));
}

export function shown(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(4);
}

const pending = new Set(); // calls of `later` whose work is not done

function setPending(key, isPending) {
  pending[isPending ? "add" : "delete"](key);
  document.querySelector("main")?.setAttribute("aria-busy", String(pending.size > 0));
}

// Calls `work` a moment after the last call; an earlier call that is under way is given up. Until
// the last one is done, the page is marked as busy.
export function later(work, milliseconds = 250) {
  const key = {};
  let timer;
  let running;
  let calls = 0;
  return () => {
    clearTimeout(timer);
    calls += 1;
    const call = calls;
    setPending(key, true);
    timer = setTimeout(async () => {
      running?.abort();
      running = new AbortController();
      const { signal } = running;
      try {
        await work(signal);
      } catch (error) {
        if (error.name !== "AbortError") throw error;
      } finally {
        if (call === calls) setPending(key, false);
      }
    }, milliseconds);
  };
}

// Puts children into an element, or the message of an error.
export async function fill(element, make) {
  try {
    const children = await make();
    element.replaceChildren(...[children].flat());
  } catch (error) {
    if (error.name === "AbortError") return;
    element.replaceChildren(h("p", { class: "error", role: "alert" }, error.message));
  }
}
