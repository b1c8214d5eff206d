// Draws the curves of a training run while it runs: loss, learning rate and gradient norm below each other, and the
// texts that the model has written on the way.

const STYLE = `
.llmlab-training { font: 13px var(--jp-ui-font-family, system-ui, sans-serif); max-width: 760px;
  color: var(--jp-ui-font-color1, #212121); }
.llmlab-training-title { font-weight: 600; margin: 2px 0 6px; }
.llmlab-training-controls { display: flex; flex-wrap: wrap; gap: 6px 16px; align-items: center; margin-bottom: 6px; }
.llmlab-training-controls label { display: inline-flex; gap: 6px; align-items: center; }
.llmlab-training select { font: inherit; color: inherit; padding: 1px 8px;
  background: var(--jp-layout-color1, #fff); border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 3px; }
.llmlab-training input { accent-color: var(--jp-brand-color1, #1976d2); }
.llmlab-training input[type=range] { width: 110px; }
.llmlab-training output { min-width: 3em; font-variant-numeric: tabular-nums; }
.llmlab-training canvas { display: block; touch-action: none; }
.llmlab-training :is(canvas, select, input):focus-visible {
  outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px; }
.llmlab-training-status { min-height: 1.5em; margin-top: 4px; font-variant-numeric: tabular-nums; }
.llmlab-training-caption { font-size: 11px; opacity: .75; margin-top: 4px; }
.llmlab-training-sample { margin-top: 6px; padding: 6px 10px; min-height: 3em; white-space: pre-wrap;
  border-left: 3px solid var(--jp-border-color1, #bdbdbd); }
.llmlab-training [hidden] { display: none; }
`;

// Short enough for the margin, however small a learning rate is.
const short = (value) =>
  value && Math.abs(value) < 0.001 ? value.toExponential(1) : String(Number(value.toPrecision(3)));

const WIDTH = 640, LEFT = 58, RIGHT = 4, GAP = 30;
const PANELS = [["losses", "loss (nats a token)", 190], ["rates", "learning rate", 62], ["norms", "gradient norm", 80]];
const HEIGHT = PANELS.reduce((sum, [, , height]) => sum + height + GAP, 8);
let counter = 0;

function markup(id) {
  return `<style>${STYLE}</style><div class="llmlab-training-title"></div>
    <div class="llmlab-training-controls">
      <label for="${id}-smoothing">Smoothing
        <input type="range" id="${id}-smoothing" name="smoothing" min="0" max="0.99" step="0.01">
        <output for="${id}-smoothing"></output></label>
      <label for="${id}-log"><input type="checkbox" id="${id}-log" name="log"> Logarithmic loss</label>
    </div>
    <canvas tabindex="0" role="img" aria-label="Curves of the run. Point, or use the arrow keys, to read a step."></canvas>
    <div class="llmlab-training-caption">Thin: each step. Thick: the running mean. ✕: held-out text.
      Point, or use the arrow keys, to read a step; Escape leaves it.</div>
    <div class="llmlab-training-status" role="status" aria-live="off"></div>
    <div class="llmlab-training-written" hidden>
      <label for="${id}-sample">What it wrote after step <select id="${id}-sample" name="sample"></select></label>
      <div class="llmlab-training-sample"></div>
    </div>`;
}

/** Read a trait of packed float32 numbers. */
function floats(model, name) {
  const view = model.get(name);
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/** Give the running mean of a series, corrected for its start. */
function smoothed(values, share) {
  let mean = 0, weight = 0;
  return values.map((value) => {
    if (Number.isFinite(value)) {
      mean = share * mean + (1 - share) * value;
      weight = share * weight + (1 - share);
    }
    return weight ? mean / weight : NaN;
  });
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "llmlab-training";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", model.get("title"));
  root.innerHTML = markup(`llmlab-training-${counter++}`);
  el.append(root);
  root.querySelector(".llmlab-training-title").textContent = model.get("title");
  const control = (name) => root.querySelector(`[name=${name}]`);
  const status = root.querySelector(".llmlab-training-status");
  const canvas = root.querySelector("canvas");
  const context = canvas.getContext("2d");
  const ratio = window.devicePixelRatio || 1;
  canvas.width = WIDTH * ratio;
  canvas.height = HEIGHT * ratio;
  canvas.style.width = `${WIDTH}px`;
  canvas.style.height = `${HEIGHT}px`;
  let chosen = null; // the step that is read; null: the newest
  let newest = true; // whether the newest text is shown

  function palette() {
    const style = getComputedStyle(root);
    const color = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
    return {
      paper: color("--jp-layout-color1", "#ffffff"),
      ink: color("--jp-ui-font-color1", "#212121"),
      line: color("--jp-border-color1", "#bdbdbd"),
      raw: color("--jp-ui-font-color3", "#90a4ae"),
      mean: color("--jp-warn-color1", "#e65100"),
    };
  }

  const count = () => model.get("losses").byteLength / 4;
  const end = () => Math.max(model.get("total_steps"), model.get("first_step") + count()) - 1;
  const across = (step) => LEFT + (step / Math.max(1, end())) * (WIDTH - LEFT - RIGHT);

  function drawPanel(colors, name, caption, top, height) {
    context.strokeStyle = colors.line;
    context.lineWidth = 1;
    context.strokeRect(LEFT, top, WIDTH - LEFT - RIGHT, height);
    context.fillStyle = colors.ink;
    context.textAlign = "right";
    const values = Array.from(floats(model, name));
    const scale = name === "losses" && control("log").checked ? Math.log : (value) => value;
    const known = values.filter((value) => Number.isFinite(value) && Number.isFinite(scale(value)));
    if (known.length) {
      const low = known.reduce((a, b) => Math.min(a, b)), high = known.reduce((a, b) => Math.max(a, b));
      const span = scale(high) - scale(low) || 1;
      const up = (value) => top + height - 4 - ((scale(value) - scale(low)) / span) * (height - 8);
      context.fillText(short(high), LEFT - 6, top + 12);
      context.fillText(short(low), LEFT - 6, top + height);
      const first = model.get("first_step");
      const curve = (series, color, width) => {
        context.strokeStyle = color;
        context.lineWidth = width;
        context.beginPath();
        let pen = false;
        series.forEach((value, i) => {
          if (Number.isFinite(value)) context[pen ? "lineTo" : "moveTo"](across(first + i), up(value));
          pen = Number.isFinite(value);
        });
        context.stroke();
      };
      curve(values, colors.raw, 1);
      // A learning rate has no noise, and its mean would lag behind it.
      curve(smoothed(values, name === "rates" ? 0 : model.get("smoothing")), colors.mean, 2);
      if (name === "losses") {
        context.strokeStyle = colors.ink;
        context.lineWidth = 2;
        const marks = floats(model, "validation");
        context.beginPath();
        for (let i = 0; i < marks.length; i += 2) {
          const x = across(marks[i]), y = up(Math.min(high, Math.max(low, marks[i + 1])));
          context.moveTo(x - 5, y - 5);
          context.lineTo(x + 5, y + 5);
          context.moveTo(x + 5, y - 5);
          context.lineTo(x - 5, y + 5);
        }
        context.stroke();
      }
    }
    context.fillText(caption, WIDTH - 12, top + 14);
  }

  function say() {
    if (chosen === null || !count()) return model.get("status");
    const i = chosen - model.get("first_step");
    const [loss, rate, norm] = ["losses", "rates", "norms"].map((name) => floats(model, name)[i]);
    return `Step ${chosen + 1}: loss ${loss.toFixed(3)}, learning rate ${rate.toPrecision(2)}, ` +
      `gradient norm ${norm.toFixed(2)}.`;
  }

  function showSamples() {
    const samples = model.get("samples"), menu = control("sample");
    root.querySelector(".llmlab-training-written").hidden = !samples.length;
    if (!samples.length) return;
    for (const [step] of samples.slice(menu.options.length)) menu.add(new Option(step, menu.options.length));
    if (newest) menu.value = samples.length - 1;
    root.querySelector(".llmlab-training-sample").textContent = samples[Number(menu.value)][1];
  }

  let waiting = false;
  function draw() {
    waiting = false;
    const colors = palette();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = colors.paper;
    context.fillRect(0, 0, WIDTH, HEIGHT);
    context.font = "12px system-ui, sans-serif";
    let top = 8;
    for (const [name, caption, height] of PANELS) {
      drawPanel(colors, name, caption, top, height);
      top += height + GAP;
    }
    context.fillStyle = colors.ink;
    context.textAlign = "right";
    context.fillText(`step ${end() + 1}`, WIDTH - RIGHT, HEIGHT - 12);
    context.textAlign = "left";
    context.fillText("step 1", LEFT, HEIGHT - 12);
    if (chosen !== null) {
      context.strokeStyle = colors.ink;
      context.lineWidth = 1;
      context.setLineDash([4, 3]);
      context.beginPath();
      context.moveTo(across(chosen), 8);
      context.lineTo(across(chosen), HEIGHT - GAP);
      context.stroke();
      context.setLineDash([]);
    }
    control("smoothing").value = model.get("smoothing");
    control("smoothing").nextElementSibling.value = model.get("smoothing").toFixed(2);
    // A run speaks all the time; only what was asked for is said aloud.
    status.setAttribute("aria-live", chosen === null ? "off" : "polite");
    status.textContent = say();
    showSamples();
    root.dataset.steps = count();
    root.dataset.drawn = "true";
  }
  function soon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(draw);
  }

  function choose(step) {
    const first = model.get("first_step"), last = first + count() - 1;
    chosen = step === null || last < first ? null : Math.min(last, Math.max(first, Math.round(step)));
    soon();
  }
  control("smoothing").addEventListener("input", (event) => {
    model.set("smoothing", Number(event.target.value));
    model.save_changes();
    soon();
  });
  control("log").addEventListener("change", soon);
  control("sample").addEventListener("change", () => {
    newest = Number(control("sample").value) === model.get("samples").length - 1;
    soon();
  });
  canvas.addEventListener("pointermove", (event) =>
    choose(((event.offsetX - LEFT) / (WIDTH - LEFT - RIGHT)) * end()));
  canvas.addEventListener("pointerleave", () => choose(null));
  canvas.addEventListener("keydown", (event) => {
    const far = Math.max(1, Math.round(count() / 20));
    const move = { ArrowLeft: -1, ArrowRight: 1, PageUp: -far, PageDown: far }[event.key];
    const last = model.get("first_step") + count() - 1;
    if (move) choose((chosen ?? last) + move);
    else if (event.key === "Home") choose(0);
    else if (event.key === "End") choose(last);
    else if (event.key === "Escape") choose(null);
    else return;
    event.preventDefault();
  });
  // Or the notebook would take the keys for its own, and move to the next cell.
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.shiftKey && event.key !== "Escape") event.stopPropagation();
  });

  const watched = ["losses", "validation", "samples", "status", "smoothing", "total_steps"];
  for (const name of watched) model.on(`change:${name}`, soon);
  // JupyterLab changes its theme by an attribute of the body; colors are read anew.
  const themes = new MutationObserver(soon);
  themes.observe(document.body, { attributes: true });
  soon();
  return () => {
    themes.disconnect();
    for (const name of watched) model.off(`change:${name}`, soon);
  };
}

export default { render };
