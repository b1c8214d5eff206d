// Draws the likeliest next tokens as bars. The kernel computes the probabilities and draws the tokens; every change
// of a control goes back to it.

const STYLE = `
.llmlab-sampling { font: 13px var(--jp-ui-font-family, system-ui, sans-serif); max-width: 760px;
  color: var(--jp-ui-font-color1, #212121); }
.llmlab-sampling-title { font-weight: 600; margin: 2px 0 4px; }
.llmlab-sampling-prompt { font-family: var(--jp-code-font-family, monospace); margin-bottom: 6px; white-space: pre-wrap;
  max-height: 6em; overflow-y: auto; }
.llmlab-sampling-controls { display: flex; flex-wrap: wrap; gap: 6px 16px; align-items: center; margin-bottom: 6px; }
.llmlab-sampling-controls label { display: inline-flex; gap: 6px; align-items: center; }
.llmlab-sampling button { font: inherit; color: inherit; padding: 1px 8px;
  background: var(--jp-layout-color1, #fff); border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 3px; }
.llmlab-sampling input[type=range] { width: 110px; accent-color: var(--jp-brand-color1, #1976d2); }
.llmlab-sampling output { min-width: 2.6em; font-variant-numeric: tabular-nums; }
.llmlab-sampling :is(button, input):focus-visible {
  outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px; }
.llmlab-sampling-rows { display: grid; grid-template-columns: minmax(70px, max-content) 1fr 5em 3.5em; gap: 1px 8px;
  align-items: center; font-variant-numeric: tabular-nums; }
.llmlab-sampling-rows > div { line-height: 18px; white-space: nowrap; }
.llmlab-sampling-token { text-align: right; font-family: var(--jp-code-font-family, monospace); }
.llmlab-sampling-out { opacity: .5; text-decoration: line-through; }
.llmlab-sampling-bars i { display: block; min-width: 0; transition: width .2s; }
.llmlab-sampling-was { height: 3px; background: var(--jp-border-color0, #9e9e9e); margin-bottom: 1px; }
.llmlab-sampling-now { height: 10px; background: var(--jp-brand-color1, #1976d2); border-radius: 0 2px 2px 0; }
.llmlab-sampling-head { font-size: 11px; opacity: .75; }
.llmlab-sampling-status, .llmlab-sampling-drawn { margin-top: 5px; min-height: 1.4em; }
.llmlab-sampling-drawn b { font-weight: 400; font-family: var(--jp-code-font-family, monospace); padding: 0 4px;
  margin-right: 3px; border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 3px; display: inline-block; }
@media (prefers-reduced-motion: reduce) { .llmlab-sampling-bars i { transition: none; } }
`;

const SLIDERS = [
  ["temperature", "Temperature", 0, 3, 0.05, (value) => value.toFixed(2)],
  ["top_k", "Top-k", 0, 50, 1, (value) => (value ? String(value) : "off")],
  ["top_p", "Top-p", 0, 1, 0.01, (value) => (value < 1 ? value.toFixed(2) : "off")],
  ["min_p", "Min-p", 0, 0.5, 0.01, (value) => (value ? value.toFixed(2) : "off")],
];
let counter = 0;

function element(name, className, text, parent) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  parent?.append(made);
  return made;
}

/** Read a trait of packed 32-bit numbers. */
function numbers(model, name, Kind) {
  const view = model.get(name);
  return new Kind(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

function percent(share) {
  if (share === 0) return "0";
  return share >= 0.001 ? `${(100 * share).toFixed(1)} %` : share.toExponential(0);
}

function render({ model, el }) {
  const id = `llmlab-sampling-${counter++}`;
  const root = element("div", "llmlab-sampling", "", el);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", model.get("title"));
  element("style", "", STYLE, root);
  element("div", "llmlab-sampling-title", model.get("title"), root);
  const prompt = element("div", "llmlab-sampling-prompt", model.get("prompt"), root);
  prompt.hidden = !model.get("prompt");
  const controls = element("div", "llmlab-sampling-controls", "", root);
  const sliders = SLIDERS.map(([name, caption, min, max, step, say]) => {
    const label = element("label", "", caption, controls);
    const input = element("input", "", "", label);
    Object.assign(input, { type: "range", name, id: `${id}-${name}`, min, max, step });
    label.htmlFor = input.id;
    const output = element("output", "", "", label);
    input.addEventListener("input", () => set(name, Number(input.value)));
    return { name, input, output, say };
  });
  for (const [amount, caption] of [[1, "Draw a token"], [100, "Draw 100"]]) {
    const button = element("button", "", caption, controls);
    button.type = "button";
    button.addEventListener("click", () => set("draws", model.get("draws") + amount));
  }
  const rows = element("div", "llmlab-sampling-rows", "", root);
  for (const text of ["token", "thin: temperature 1, no filter; thick: with your settings", "chance", "drawn"]) {
    element("div", "llmlab-sampling-head", text, rows);
  }
  const names = [...model.get("labels")];
  const hasOthers = model.get("others") > 0;
  if (hasOthers) names.push(`${model.get("others").toLocaleString("en")} others`);
  const cells = names.map((name) => {
    const token = element("div", "llmlab-sampling-token", name, rows);
    const bars = element("div", "llmlab-sampling-bars", "", rows);
    bars.setAttribute("aria-hidden", "true");
    const [was, now] = ["was", "now"].map((kind) => element("i", `llmlab-sampling-${kind}`, "", bars));
    const [chance, count] = ["chance", "count"].map((kind) => element("div", `llmlab-sampling-${kind}`, "", rows));
    return { token, was, now, chance, count };
  });
  const status = element("div", "llmlab-sampling-status", "", root);
  status.setAttribute("role", "status");
  status.setAttribute("aria-live", "polite");
  const drawn = element("div", "llmlab-sampling-drawn", "", root);

  function draw() {
    waiting = false;
    const before = numbers(model, "before", Float32Array), after = numbers(model, "after", Float32Array);
    const counts = numbers(model, "counts", Uint32Array);
    // All others together can have more than any token; they get no bar, or it would dwarf the rest.
    const shown = model.get("labels").length;
    const most = Math.max(...before.slice(0, shown), ...after.slice(0, shown));
    cells.forEach(({ token, was, now, chance, count }, i) => {
      was.style.width = i < shown ? `${(100 * before[i]) / most}%` : 0;
      now.style.width = i < shown ? `${(100 * after[i]) / most}%` : 0;
      chance.textContent = percent(after[i]);
      count.textContent = counts[i] ? `× ${counts[i]}` : "";
      token.classList.toggle("llmlab-sampling-out", after[i] === 0);
    });
    for (const { name, input, output, say } of sliders) {
      input.value = model.get(name);
      output.value = say(model.get(name));
      input.setAttribute("aria-valuetext", output.value);
    }
    status.textContent = model.get("status");
    const tokens = model.get("drawn");
    drawn.replaceChildren(tokens.length ? "Drawn: " : "", ...tokens.map((token) => element("b", "", token)));
    root.dataset.drawn = "true";
  }
  let waiting = false;
  function soon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(draw);
  }
  function set(name, value) {
    model.set(name, value);
    model.save_changes();
    soon();
  }

  // Or the notebook would take the keys of a slider for its own, and move to the next cell.
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.shiftKey && event.key !== "Escape") event.stopPropagation();
  });

  const watched = ["after", "counts", "drawn", "status", ...SLIDERS.map(([name]) => name)];
  for (const name of watched) model.on(`change:${name}`, soon);
  soon();
  return () => {
    for (const name of watched) model.off(`change:${name}`, soon);
  };
}

export default { render };
