// Returns what is wrong with a page: text with too little contrast (WCAG 2.1, AA), and its width.
"use strict";

const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const cache = new Map();

// Returns [red, green, blue, alpha], 0 to 255 and 0 to 1, of any CSS color.
const parse = (color) => {
  if (!cache.has(color)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    cache.set(color, [red, green, blue, alpha / 255]);
  }
  return cache.get(color);
};

const over = (top, bottom) => {
  const alpha = top[3];
  return [0, 1, 2].map((i) => top[i] * alpha + bottom[i] * (1 - alpha)).concat(1);
};

const luminance = (color) => {
  const [r, g, b] = color.slice(0, 3).map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

const background = (element) => {
  const layers = [];
  for (let each = element; each; each = each.parentElement) {
    const color = parse(getComputedStyle(each).backgroundColor);
    layers.push(color);
    if (color[3] === 1) break;
  }
  const page = document.documentElement.dataset.theme === "dark" ? [0, 0, 0, 1] : [255, 255, 255, 1];
  return layers.reverse().reduce((below, layer) => over(layer, below), page);
};

const opacity = (element) => {
  let product = 1;
  for (let each = element; each; each = each.parentElement) {
    product *= Number(getComputedStyle(each).opacity);
  }
  return product;
};

const ratio = (one, other) => {
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
};

const contrastProblems = () => {
  const problems = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || element.closest("script, style, noscript, .katex-mathml, dialog:not([open])")) continue;
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const behind = background(element);
    const color = parse(style.color);
    const seen = over([...color.slice(0, 3), color[3] * opacity(element)], behind);
    const contrast = ratio(seen, behind);
    if (contrast < (isLarge ? 3 : 4.5)) {
      const key = `${element.tagName.toLowerCase()}.${element.className} ${style.color}`;
      if (!problems.has(key)) problems.set(key, `${contrast.toFixed(2)} of ${key}: ${text.slice(0, 40)}`);
    }
  }
  return [...problems.values()];
};

const widthProblems = () => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  const wide = [...document.querySelectorAll("main *")]
    .filter((element) => element.getBoundingClientRect().right > width + 1)
    .map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
  return [`is ${document.documentElement.scrollWidth} of ${width} pixels wide: ${wide.slice(0, 4)}`];
};
