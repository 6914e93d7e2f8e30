// Small pictures of numbers: a canvas with a square for each.

import { h } from "/static/dom.js";

const MINUS = [178, 24, 43];
const PLUS = [33, 102, 172];

// Rows of numbers from -100 to 100 as a canvas: red below 0, blue above, white at 0.
export function signedPicture(rows, label) {
  return drawn(rows, label, (value) => {
    const share = Math.min(1, Math.abs(value) / 100);
    return (value < 0 ? MINUS : PLUS).map((channel) => 255 + share * (channel - 255));
  });
}

// Rows of numbers from 0 to 100 as a canvas: white on black.
export function grayPicture(rows, label) {
  return drawn(rows, label, (value) => new Array(3).fill(2.55 * Math.max(0, value)));
}

function drawn(rows, label, color) {
  const [height, width] = [rows.length, rows[0].length];
  const canvas = h("canvas", { width, height, role: "img", "aria-label": label, title: label, class: "picture" });
  const pen = canvas.getContext("2d");
  const image = pen.createImageData(width, height);
  rows.flat().forEach((value, i) => image.data.set([...color(value), 255], 4 * i));
  pen.putImageData(image, 0, 0);
  return canvas;
}
