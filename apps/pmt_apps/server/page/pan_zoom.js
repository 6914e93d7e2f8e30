// A picture to pan and zoom: by wheel, drag, two fingers, keys and buttons (d3-zoom).

import { select, zoom, zoomIdentity } from "/static/d3.js";
import { h, s } from "/static/dom.js";

const STEP = 1.4; // of a key or a button
const SHIFT = 60; // pixels that an arrow key moves

// Returns the element, and functions to move the picture. `content` is a <g> of `width` x `height`.
// options: label, for screen readers; height of the window in pixels; arrows: whether arrow keys
// pan; least: the smallest scale of the whole picture; zoomed: is called with each new scale;
// extent: what can be reached, if that is more than the picture.
export function panZoom(content, width, height, options) {
  const svg = s("svg", {
    width: "100%", height: options.height, class: "pan", role: "group", tabindex: 0,
    "aria-label": `${options.label}. Plus and minus zoom, 0 shows all.`,
  }, content);
  const picture = select(svg);
  const behavior = zoom().scaleExtent([0.1, 8])
    .translateExtent(options.extent ?? [[0, 0], [width, height]]);
  let isMoved = false; // by the user, or to show a point
  behavior.on("zoom", ({ transform, sourceEvent }) => {
    if (sourceEvent) isMoved = true;
    content.setAttribute("transform", transform);
    options.zoomed?.(transform.k);
  });
  picture.call(behavior).on("dblclick.zoom", null);

  // Shows all, or from the left what fits at the least scale.
  function fit() {
    const { clientWidth: w, clientHeight: tall } = svg;
    if (!w) return;
    const k = Math.max(options.least ?? 0, Math.min(w / width, tall / height, 1.5));
    const y = Math.max(0, (tall - k * height) / 2);
    picture.call(behavior.transform,
      zoomIdentity.translate(Math.max(0, (w - k * width) / 2), y).scale(k));
    isMoved = false;
  }

  // Moves the picture so that a point is in the middle, unless it is well inside already.
  function show(x, y) {
    const { clientWidth: w, clientHeight: tall, __zoom: now } = svg;
    const [px, py] = now.apply([x, y]);
    const inside = px > 0.2 * w && px < 0.8 * w && py > 0.2 * tall && py < 0.8 * tall;
    if (inside) return;
    isMoved = true;
    picture.call(behavior.translateTo, x, y);
  }

  function scaleBy(factor) {
    isMoved = true;
    picture.call(behavior.scaleBy, factor);
  }

  const moves = { ArrowLeft: [SHIFT, 0], ArrowRight: [-SHIFT, 0], ArrowUp: [0, SHIFT], ArrowDown: [0, -SHIFT] };
  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") scaleBy(STEP);
    else if (event.key === "-") scaleBy(1 / STEP);
    else if (event.key === "0") fit();
    else if (options.arrows && moves[event.key]) {
      const [dx, dy] = moves[event.key].map((pixels) => pixels / svg.__zoom.k);
      isMoved = true;
      picture.call(behavior.translateBy, dx, dy);
    } else return;
    event.preventDefault();
  });
  // It has no size before it is on the page, and another one when a telephone is turned.
  new ResizeObserver(() => { if (!isMoved) fit(); }).observe(svg);
  const button = (text, label, onclick) =>
    h("button", { class: "plain small", type: "button", "aria-label": label, onclick }, text);
  const element = h("div", { class: "panned" }, svg, h("div", { class: "zooms" },
    button("+", "Zoom in", () => scaleBy(STEP)), button("−", "Zoom out", () => scaleBy(1 / STEP)),
    button("All", "Show all", fit)));
  return { element, svg, fit, show };
}
