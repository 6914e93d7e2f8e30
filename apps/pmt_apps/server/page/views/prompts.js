// Language model: a text streams in after its prompt; then its tokens show their surprise.

import { post, runPath, stream } from "/static/api.js";
import { fill, h, labeled } from "/static/dom.js";
import { surprise } from "/static/surprise.js";

export function prompts(place, name, model) {
  const prompt = h("textarea", { rows: 2 }, model.examples[0]);
  const tokens = number(model.settings.tokens ?? 300, 1, 2000, 1);
  const temperature = slider(model.settings.temperature ?? 0.8, 0, 2, 0.05);
  const topP = slider(model.settings.top_p ?? 1, 0.05, 1, 0.05);
  const seed = number(model.settings.seed, 0, 1e9, 1);
  const answer = h("div", { class: "answer text", dir: "auto", "aria-live": "polite" });
  const note = h("p", { class: "quiet" });
  const absent = h("p", { class: "quiet" }, "They appear when a text is written, or measured as it is.");
  const tokenView = h("div", { class: "answer" }, absent);
  let running;

  // Shows how surprising the model finds a text.
  function measure(text, signal) {
    return fill(tokenView, async () =>
      surprise(await post(runPath(name, "explain"), { input: text }, signal)));
  }

  function measurePrompt() {
    running?.abort();
    running = new AbortController();
    stop.disabled = true;
    return measure(prompt.value, running.signal);
  }

  async function write() {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    answer.replaceChildren(h("strong", {}, prompt.value));
    note.textContent = "";
    tokenView.replaceChildren(absent); // those of the text before
    stop.disabled = false;
    const options = {
      tokens: Number(tokens.value), temperature: Number(temperature.value),
      top_p: Number(topP.value) < 1 ? Number(topP.value) : null, seed: Number(seed.value),
    };
    try {
      await stream(runPath(name, "predict"), { input: prompt.value, stream: true, options },
        (line) => {
          if (!place.isConnected) running.abort(); // another view was opened
          if (line.text) answer.append(line.text);
          if (line.reason === "time") note.textContent = "cut off: the time was over";
          if (line.reason === "error") throw new Error(line.message);
        }, signal);
    } catch (error) {
      if (error.name !== "AbortError") {
        note.replaceChildren(h("span", { class: "error", role: "alert" }, error.message));
      }
    }
    if (signal.aborted) return;
    stop.disabled = true;
    if (!note.querySelector(".error")) await measure(answer.textContent, signal);
  }

  const stop = h("button", {
    class: "plain", disabled: true, onclick: () => { running?.abort(); stop.disabled = true; },
  }, "Stop");
  place.replaceChildren(
    labeled("Beginning", prompt),
    h("div", { class: "columns" },
      labeled("Tokens", tokens), labeled("Seed", seed),
      sliding("Temperature", temperature, "0: always the likeliest token"),
      sliding("Top-p", topP, "only the likeliest tokens, of this share")),
    h("div", { class: "row" }, h("button", { onclick: write }, "Write"), stop,
      h("button", { class: "plain", onclick: measurePrompt }, "Measure the beginning")),
    answer, note, h("h2", {}, "Surprise of the tokens"), tokenView);
}

function number(value, min, max, step) {
  return h("input", { type: "number", value: value ?? min, min, max, step });
}

function slider(value, min, max, step) {
  return h("input", { type: "range", min, max, step, value });
}

// A slider with its name and its value.
function sliding(name, field, hint) {
  const value = h("output", {}, Number(field.value).toFixed(2));
  field.addEventListener("input", () => { value.textContent = Number(field.value).toFixed(2); });
  const element = labeled(name, field);
  element.querySelector("label").append(" ", value, h("span", { class: "quiet" }, ` (${hint})`));
  return element;
}
