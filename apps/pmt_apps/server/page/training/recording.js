// The training of a run: the lines that its files have, as series of numbers.

const TENDENCY = 20; // lines from which the time left is told

export class Training {
  constructor(name) {
    this.name = name;
    this.state = { status: "running", hints: [], errors: [], recorded: false, epochs: null };
    this.parts = new Map(); // stage -> lines
  }

  // Takes what the server sends: the state, and new lines by stage.
  apply({ state, changes }) {
    this.state = state;
    for (const { stage, reset, lines } of changes) {
      const before = reset ? [] : this.parts.get(stage) ?? [];
      this.parts.set(stage, [...before, ...lines]);
    }
    this.read();
    return this;
  }

  // Joins the stages: steps, seconds and epochs of a later one go on where the earlier one ended.
  read() {
    this.steps = [];
    this.rows = [];
    this.layers = [];
    this.total = 0;
    let [step, seconds] = [0, 0];
    for (const [stage, lines] of this.parts) {
      let last = { step: 0, seconds: 0 };
      for (const line of lines) {
        if (line.kind === "step") {
          last = line;
          this.steps.push({ ...line, stage, x: step + line.step, at: seconds + line.seconds });
        } else if (line.kind === "epoch") {
          const { row } = line;
          last = { step: Math.max(last.step, row.step ?? 0), seconds: row.seconds ?? last.seconds };
          this.rows.push({
            ...row, stage, x: step + (row.step ?? this.rows.length + 1), at: seconds + (row.seconds ?? 0),
          });
        } else if (line.kind === "layers") {
          this.layers = line.layers;
        } else if (line.kind === "start") {
          this.total = step + (line.total_steps ?? 0);
        }
      }
      step += last.step;
      seconds += last.seconds;
    }
    // Looks at layers; those of an earlier stage, with other layers, are left out.
    this.looks = this.steps.filter((line) => line.weight?.length === this.layers.length);
  }

  // Points [x, y] of a number, from the lines of steps, or else from the rows of epochs.
  points(ofStep, ofRow, base) {
    const of = (lines, value) => lines.map((line) => [line[base], value(line)])
      .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
    const points = of(this.steps, ofStep);
    return points.length ? points : of(this.rows, ofRow);
  }

  // Points of a column of the history.
  column(name, base) {
    return this.rows.map((row) => [row[base], row[name]])
      .filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
  }

  get scores() {
    const names = new Set(this.rows.flatMap((row) => Object.keys(row)));
    return [...names].filter((name) => name.startsWith("dev_") && name !== "dev_loss");
  }

  // Fraction that is done, and seconds that are left; undefined if they are not known yet.
  get progress() {
    const last = this.steps.at(-1);
    if (last && this.total) {
      const before = this.steps.at(-Math.min(TENDENCY, this.steps.length));
      const pace = last.x > before.x ? (last.at - before.at) / (last.x - before.x) : last.at / last.x;
      return { done: last.x / this.total, left: pace * (this.total - last.x) };
    }
    const row = this.rows.at(-1);
    const { epochs } = this.state;
    if (!row || !epochs) return {};
    const done = Math.min(row.epoch / epochs, 1);
    return { done, left: row.at ? row.at * (1 - done) / done : undefined };
  }
}

// Root of the mean square, by which layers of all sizes can be compared.
export function perElement(norm, layer) {
  return norm === null ? null : norm / Math.sqrt(layer.size);
}

export const SIZES = {
  ratio: ["Update / weights", (line, i) => (line.weight[i] ? line.update[i] / line.weight[i] : null)],
  gradient: ["Gradient", (line, i, layer) => perElement(line.gradient[i], layer)],
  weight: ["Weights", (line, i, layer) => perElement(line.weight[i], layer)],
  update: ["Update", (line, i, layer) => perElement(line.update[i], layer)],
};

export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

export function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-4) return value.toExponential(1);
  return size >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
