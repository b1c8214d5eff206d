// Draws an optimizer's path on a loss surface. The kernel computes surface, path and losses; here they are drawn,
// and every change of a control goes back to the kernel.

const STYLE = `
.llmlab-descent { font: 13px var(--jp-ui-font-family, system-ui, sans-serif); max-width: 760px;
  color: var(--jp-ui-font-color1, #212121); }
.llmlab-descent-title { font-weight: 600; margin: 2px 0 6px; }
.llmlab-descent-controls { display: flex; flex-wrap: wrap; gap: 6px 16px; align-items: center; margin-bottom: 6px; }
.llmlab-descent-controls label { display: inline-flex; gap: 6px; align-items: center; }
.llmlab-descent select, .llmlab-descent button { font: inherit; color: inherit; padding: 1px 8px;
  background: var(--jp-layout-color1, #fff); border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 3px; }
.llmlab-descent input[type=range] { width: 110px; accent-color: var(--jp-brand-color1, #1976d2); }
.llmlab-descent output { min-width: 4em; font-variant-numeric: tabular-nums; }
.llmlab-descent canvas { display: block; border-radius: 3px; cursor: crosshair; touch-action: none; }
.llmlab-descent :is(canvas, select, button, input):focus-visible {
  outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px; }
.llmlab-descent-status { min-height: 1.5em; margin-top: 4px; font-variant-numeric: tabular-nums; }
.llmlab-descent-caption { font-size: 11px; opacity: .75; margin-top: 4px; }
`;

const WIDTH = 520, HEIGHT = 390, PLAY_MS = 2500;
let counter = 0;

function markup(id) {
  const field = (name, caption, control) =>
    `<label for="${id}-${name}">${caption} ${control}</label>`;
  const slider = (name, caption, from, to, step) => field(name, caption,
    `<input type="range" id="${id}-${name}" name="${name}" min="${from}" max="${to}" step="${step}">` +
    `<output for="${id}-${name}"></output>`);
  return `<style>${STYLE}</style><div class="llmlab-descent-title"></div>
    <div class="llmlab-descent-controls">
      ${field("surface", "Surface", `<select id="${id}-surface" name="surface"></select>`)}
      ${field("optimizer", "Optimizer", `<select id="${id}-optimizer" name="optimizer"></select>`)}
      ${slider("learning_rate", "Learning rate", -4, 0.5, 0.05)}
      ${slider("momentum", "Momentum", 0, 0.99, 0.01)}
      ${slider("steps", "Steps", 1, 300, 1)}
      <button type="button" name="play">Play</button>
    </div>
    <canvas tabindex="0" role="img" aria-label="Loss surface with the optimizer's path.
      Click, or use the arrow keys, to move the start."></canvas>
    <div class="llmlab-descent-caption">○ start, ● end, ✕ lowest points; the more color, the higher the loss.
      Click, or use the arrow keys, to move the start.</div>
    <div class="llmlab-descent-status" role="status" aria-live="polite"></div>`;
}

/** Read a trait of packed float32 numbers. */
function floats(model, name) {
  const view = model.get(name);
  return new Float32Array(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength));
}

/** Add to a path the line on which a grid has one height, square by square. */
function traceContour(context, heights, columns, level, place) {
  const rows = heights.length / columns;
  for (let row = 0; row + 1 < rows; row++) {
    for (let column = 0; column + 1 < columns; column++) {
      const corners = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]];
      const above = corners.map(([x, y]) => heights[y * columns + x] - level);
      const crossings = [];
      for (let i = 0; i < 4; i++) {
        const j = (i + 1) % 4;
        if (above[i] > 0 === above[j] > 0) continue;
        const share = above[i] / (above[i] - above[j]);
        crossings.push(place(corners[i][0] + share * (corners[j][0] - corners[i][0]),
          corners[i][1] + share * (corners[j][1] - corners[i][1])));
      }
      for (let i = 0; i + 1 < crossings.length; i += 2) {
        context.moveTo(...crossings[i]);
        context.lineTo(...crossings[i + 1]);
      }
    }
  }
}

function render({ model, el }) {
  const root = document.createElement("div");
  root.className = "llmlab-descent";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", model.get("title"));
  root.innerHTML = markup(`llmlab-descent-${counter++}`);
  el.append(root);
  root.querySelector(".llmlab-descent-title").textContent = model.get("title");
  const control = (name) => root.querySelector(`[name=${name}]`);
  for (const name of ["surface", "optimizer"]) {
    control(name).append(...model.get(`${name}s`).map((value) => new Option(value, value)));
  }
  const status = root.querySelector(".llmlab-descent-status");
  const canvas = root.querySelector("canvas");
  const context = canvas.getContext("2d");
  const ratio = window.devicePixelRatio || 1;
  canvas.width = WIDTH * ratio;
  canvas.height = HEIGHT * ratio;
  canvas.style.width = `${WIDTH}px`;
  canvas.style.height = `${HEIGHT}px`;
  const ground = document.createElement("canvas"); // the surface, which changes more seldom than the path
  let groundIsOld = true;
  let playedFrom = null; // when the path began to be played; null: all of it is shown

  function palette() {
    const style = getComputedStyle(root);
    const color = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
    return {
      paper: color("--jp-layout-color1", "#ffffff"),
      ink: color("--jp-ui-font-color1", "#212121"),
      height: color("--jp-brand-color1", "#1976d2"),
      path: color("--jp-warn-color1", "#e65100"),
    };
  }

  /** Paint the surface: one band of color between each two contour lines, and the lines. */
  function drawGround(colors) {
    const heights = floats(model, "heights"), levels = floats(model, "levels"), columns = model.get("columns");
    const rows = heights.length / columns;
    ground.width = canvas.width;
    ground.height = canvas.height;
    const paint = ground.getContext("2d");
    paint.scale(ratio, ratio);
    paint.fillStyle = colors.paper;
    paint.fillRect(0, 0, WIDTH, HEIGHT);
    const shade = document.createElement("canvas");
    shade.width = columns;
    shade.height = rows;
    const pixels = shade.getContext("2d");
    pixels.fillStyle = colors.height;
    for (let i = 0; i < heights.length; i++) {
      let band = 0;
      while (band < levels.length && heights[i] > levels[band]) band++;
      pixels.globalAlpha = 0.45 * Math.sqrt(band / levels.length);
      pixels.fillRect(i % columns, Math.floor(i / columns), 1, 1);
    }
    // A grid point is a corner of the picture, and the middle of a pixel.
    const wide = WIDTH / (columns - 1), high = HEIGHT / (rows - 1);
    paint.drawImage(shade, -wide / 2, -high / 2, WIDTH + wide, HEIGHT + high);
    paint.strokeStyle = colors.height;
    paint.lineWidth = 0.8;
    paint.beginPath();
    for (const level of levels) {
      traceContour(paint, heights, columns, level, (column, row) => [column * wide, row * high]);
    }
    paint.stroke();
  }

  function place(x, y) {
    const [left, right, bottom, top] = model.get("bounds");
    return [((x - left) / (right - left)) * WIDTH, ((top - y) / (top - bottom)) * HEIGHT];
  }

  function disk([x, y], radius, fill, line) {
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = fill;
    context.fill();
    if (!line) return;
    context.strokeStyle = line;
    context.lineWidth = 2;
    context.stroke();
  }

  function drawPath(colors, shown) {
    const path = floats(model, "path");
    const points = Array.from({ length: shown + 1 }, (_, i) => place(path[2 * i], path[2 * i + 1]));
    context.strokeStyle = colors.path;
    context.lineWidth = 1.5;
    context.beginPath();
    points.forEach((point, i) => (i ? context.lineTo(...point) : context.moveTo(...point)));
    context.stroke();
    for (const point of points) disk(point, 2.2, colors.path);
    const lowest = floats(model, "minima");
    context.strokeStyle = colors.ink;
    context.lineWidth = 2;
    context.beginPath();
    for (let i = 0; i < lowest.length; i += 2) {
      const [x, y] = place(lowest[i], lowest[i + 1]);
      context.moveTo(x - 6, y - 6);
      context.lineTo(x + 6, y + 6);
      context.moveTo(x + 6, y - 6);
      context.lineTo(x - 6, y + 6);
    }
    context.stroke();
    disk(points[0], 6, colors.paper, colors.path);
    if (shown) disk(points[shown], 5, colors.path);
  }

  function showControls() {
    const rate = model.get("learning_rate");
    const shown = {
      surface: model.get("surface"), optimizer: model.get("optimizer"),
      learning_rate: Math.log10(rate), momentum: model.get("momentum"), steps: model.get("steps"),
    };
    for (const [name, value] of Object.entries(shown)) control(name).value = value;
    const said = { learning_rate: Number(rate.toPrecision(3)), momentum: shown.momentum.toFixed(2), steps: shown.steps };
    for (const [name, value] of Object.entries(said)) {
      control(name).nextElementSibling.value = value;
      control(name).setAttribute("aria-valuetext", value);
    }
  }

  let waiting = false;
  function draw() {
    waiting = false;
    const colors = palette();
    if (groundIsOld) drawGround(colors);
    groundIsOld = false;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(ground, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const losses = floats(model, "losses"), last = losses.length - 1;
    const share = playedFrom === null ? 1 : Math.min(1, (performance.now() - playedFrom) / PLAY_MS);
    const shown = Math.round(share * last);
    drawPath(colors, shown);
    showControls();
    if (share < 1) soon();
    else playedFrom = null;
    // What is played is shown in passing, and said aloud only at its end.
    status.setAttribute("aria-live", share < 1 ? "off" : "polite");
    status.textContent = share < 1 ? `Step ${shown}: loss ${losses[shown].toPrecision(3)}` : model.get("status");
    root.dataset.shown = shown;
    root.toggleAttribute("data-playing", share < 1);
    root.dataset.drawn = "true";
  }
  function soon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(draw);
  }

  function set(name, value) {
    playedFrom = null;
    model.set(name, value);
    model.save_changes();
    soon();
  }
  const read = { learning_rate: (text) => 10 ** Number(text), momentum: Number, steps: Number };
  for (const [name, number] of Object.entries(read)) {
    control(name).addEventListener("input", (event) => set(name, number(event.target.value)));
  }
  for (const name of ["surface", "optimizer"]) {
    control(name).addEventListener("change", (event) => set(name, event.target.value));
  }
  control("play").addEventListener("click", () => {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    playedFrom = still ? null : performance.now();
    soon();
  });

  function startAt(x, y) {
    const [left, right, bottom, top] = model.get("bounds");
    set("start", [Math.min(right, Math.max(left, x)), Math.min(top, Math.max(bottom, y))]);
  }
  canvas.addEventListener("pointerdown", (event) => {
    const [left, right, bottom, top] = model.get("bounds");
    startAt(left + (event.offsetX / WIDTH) * (right - left), top - (event.offsetY / HEIGHT) * (top - bottom));
  });
  canvas.addEventListener("keydown", (event) => {
    const move = { ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    if (!move) return;
    event.preventDefault();
    const [left, right] = model.get("bounds"), [x, y] = model.get("start"), step = (right - left) / 80;
    startAt(x + move[0] * step, y + move[1] * step);
  });

  // Or the notebook would take the keys of a slider or a menu for its own, and move to the next cell.
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.shiftKey && event.key !== "Escape") event.stopPropagation();
  });

  function renew() {
    groundIsOld = true;
    soon();
  }
  const watched = { "change:heights": renew, "change:path": soon, "change:status": soon };
  for (const [name, react] of Object.entries(watched)) model.on(name, react);
  // JupyterLab changes its theme by an attribute of the body; colors are read anew.
  const themes = new MutationObserver(renew);
  themes.observe(document.body, { attributes: true });
  soon();
  return () => {
    themes.disconnect();
    for (const [name, react] of Object.entries(watched)) model.off(name, react);
  };
}

export default { render };
