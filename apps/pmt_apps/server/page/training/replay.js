// A replay: the training, or two, that are written into this page.

import { h, labeled } from "/static/dom.js";
import { Training } from "/static/training/recording.js";
import { TrainingView } from "/static/training/view.js";

const content = document.getElementById("content");
const trainings = Object.entries(JSON.parse(document.getElementById("trainings").textContent))
  .map(([name, training]) => new Training(name).apply(training));

const names = trainings.map(({ name }) => name);
const place = h("section", { "aria-label": "Training" });
const play = h("button", { class: "plain", "aria-pressed": "false" }, "Play");
content.replaceChildren(h("h1", {}, `Training of ${names.join(" and ")}`), place);
const view = new TrainingView(place, trainings[0], [labeled("Replay", play)]);
[, view.other] = trainings;
view.draw();

// Moves the slider from here, or from the beginning, to the end.
let timer;
play.addEventListener("click", () => {
  const { slider } = view;
  const stop = () => {
    clearInterval(timer);
    timer = undefined;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  };
  if (timer) return stop();
  if (slider.value === slider.max) slider.value = 0;
  play.textContent = "Pause";
  play.setAttribute("aria-pressed", "true");
  const stride = Math.max(Math.ceil(slider.max / 200), 1);
  timer = setInterval(() => {
    slider.value = Number(slider.value) + stride;
    slider.dispatchEvent(new Event("input"));
    if (slider.value === slider.max) stop();
  }, 50);
  return undefined;
});
