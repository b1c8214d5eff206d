// Draws attention weights: a matrix or arcs for one head, and beside it all heads of the layer for one query.
// Everything is painted on two canvases; only what is seen is drawn, so that 144 heads cost as much as one.

const STYLE = `
.llmlab-attention { font: 13px var(--jp-ui-font-family, system-ui, sans-serif); max-width: 760px;
  color: var(--jp-ui-font-color1, #212121); }
.llmlab-attention-title { font-weight: 600; margin: 2px 0 6px; }
.llmlab-attention-controls { display: flex; flex-wrap: wrap; gap: 6px 16px; align-items: center; margin-bottom: 6px; }
.llmlab-attention-controls label { display: inline-flex; gap: 6px; align-items: center; }
.llmlab-attention select { font: inherit; color: inherit; padding: 1px 4px;
  background: var(--jp-layout-color1, #fff); border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 3px; }
.llmlab-attention-pictures { display: flex; flex-wrap: wrap; gap: 10px; align-items: flex-start; }
.llmlab-attention canvas { display: block; border-radius: 3px; touch-action: none; }
.llmlab-attention canvas:focus-visible, .llmlab-attention select:focus-visible {
  outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px; }
.llmlab-attention-status { min-height: 1.5em; margin-top: 4px; font-variant-numeric: tabular-nums; }
.llmlab-attention-caption { font-size: 11px; opacity: .75; margin-bottom: 2px; }
`;

const MAIN = 470, SIDE = 250, GUTTER = 84;

/** Give a function that reads the weight (0 to 1) of a head's cell out of the packed bytes. */
function reader(view, shape, causal) {
  const [, heads, queries, keys] = shape;
  const size = causal ? (queries * (queries + 1)) / 2 : queries * keys;
  return (layer, head, query, key) => {
    if (causal && key > query) return 0;
    const row = causal ? (query * (query + 1)) / 2 : query * keys;
    return view.getUint8((layer * heads + head) * size + row + key) / 255;
  };
}

function short(token, length = 10) {
  const letters = [...token];
  return letters.length > length ? letters.slice(0, length - 1).join("") + "…" : token;
}

function element(name, attributes, parent) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") made.textContent = value;
    else made.setAttribute(key, value);
  }
  parent?.append(made);
  return made;
}

let counter = 0;

function choice(parent, caption, name, options) {
  const id = `llmlab-attention-${name}-${counter++}`;
  const label = element("label", { for: id }, parent);
  label.append(caption);
  const select = element("select", { id, class: `llmlab-attention-${name}` }, label);
  for (const [value, text] of options) element("option", { value, text }, select);
  return select;
}

function render({ model, el }) {
  const began = performance.now();
  const tokens = model.get("tokens");
  const shape = model.get("shape");
  const [layers, heads, queries, keys] = shape;
  const offset = keys - queries;
  const weight = reader(model.get("weights"), shape, model.get("causal"));
  const numbers = (count) => Array.from({ length: count }, (_, i) => [i, String(i)]);
  let hovered = null; // {query, key, head} under the pointer or the keyboard's cursor

  const root = element("div", { class: "llmlab-attention", role: "group" }, el);
  element("style", { text: STYLE }, root);
  root.setAttribute("aria-label", model.get("title"));
  element("div", { class: "llmlab-attention-title", text: model.get("title") }, root);
  const controls = element("div", { class: "llmlab-attention-controls" }, root);
  const view = choice(controls, "View", "view", [["matrix", "matrix"], ["arcs", "arcs"]]);
  const layer = choice(controls, "Layer", "layer", numbers(layers));
  const head = choice(controls, "Head", "head", numbers(heads));
  const query = choice(controls, "Query", "query",
    Array.from({ length: queries }, (_, i) => [i, `${i + offset}: ${short(tokens[i + offset], 16)}`]));
  const pictures = element("div", { class: "llmlab-attention-pictures" }, root);

  function picture(name, caption, label) {
    const box = element("div", {}, pictures);
    const text = element("div", { class: "llmlab-attention-caption", text: caption }, box);
    const canvas = element("canvas", {
      class: `llmlab-attention-${name}`, tabindex: "0", role: "img", "aria-label": label,
    }, box);
    return { canvas, text, context: canvas.getContext("2d") };
  }
  const main = picture("main", "", "Attention of one head. Arrow keys move over the cells.");
  const side = picture("heads", "", "All heads of the layer for one query. Up and down choose the head.");
  const status = element("div", { class: "llmlab-attention-status", role: "status", "aria-live": "polite" }, root);

  function palette() {
    const style = getComputedStyle(root);
    const color = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
    return {
      paper: color("--jp-layout-color1", "#ffffff"),
      faint: color("--jp-layout-color2", "#eeeeee"),
      ink: color("--jp-ui-font-color1", "#212121"),
      weight: color("--jp-brand-color1", "#1976d2"),
      mark: color("--jp-warn-color1", "#e65100"),
    };
  }

  function sized(target, width, height) {
    const ratio = window.devicePixelRatio || 1;
    target.canvas.width = Math.round(width * ratio);
    target.canvas.height = Math.round(height * ratio);
    target.canvas.style.width = `${width}px`;
    target.canvas.style.height = `${height}px`;
    target.context.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  const cell = Math.min(30, (MAIN - GUTTER - 6) / keys);
  const step = Math.ceil(12 / cell); // labels thinned, so that they never overlap
  const line = Math.max(5, Math.min(26, 560 / keys));
  const arcStep = Math.ceil(12 / line);
  const sideCell = Math.min(26, (SIDE - 50) / keys);
  const sideRow = Math.min(22, Math.max(12, 300 / heads));

  function drawMatrix(colors) {
    const { context } = main;
    sized(main, GUTTER + cell * keys + 6, GUTTER + cell * queries + 6);
    context.fillStyle = colors.faint;
    context.fillRect(GUTTER, GUTTER, cell * keys, cell * queries);
    const gap = cell > 6 ? 1 : 0;
    context.fillStyle = colors.weight;
    const l = model.get("layer"), h = model.get("head");
    for (let q = 0; q < queries; q++) {
      for (let k = 0; k < keys; k++) {
        const value = weight(l, h, q, k);
        if (value === 0) continue;
        context.globalAlpha = value;
        context.fillRect(GUTTER + k * cell, GUTTER + q * cell, cell - gap, cell - gap);
      }
    }
    context.globalAlpha = 1;
    context.fillStyle = colors.ink;
    context.font = "12px monospace";
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (let q = 0; q < queries; q += step) {
      context.fillText(short(tokens[q + offset]), GUTTER - 5, GUTTER + (q + 0.5) * cell);
    }
    context.textAlign = "left";
    for (let k = 0; k < keys; k += step) {
      context.save();
      context.translate(GUTTER + (k + 0.5) * cell, GUTTER - 5);
      context.rotate(-Math.PI / 3);
      context.fillText(short(tokens[k]), 0, 0);
      context.restore();
    }
    context.strokeStyle = colors.mark;
    context.lineWidth = 2;
    context.strokeRect(GUTTER, GUTTER + model.get("query") * cell, cell * keys, Math.max(cell - gap, 2));
    if (hovered && hovered.key !== undefined) {
      context.strokeRect(GUTTER + hovered.key * cell, GUTTER + model.get("query") * cell, cell - gap, cell - gap);
    }
  }

  function drawArcs(colors) {
    const { context } = main;
    const left = 110, right = MAIN - 110, top = 10;
    sized(main, MAIN, top * 2 + line * keys);
    const chosen = model.get("query"), l = model.get("layer"), h = model.get("head");
    const middle = (i) => top + (i + 0.5) * line;
    context.strokeStyle = colors.weight;
    for (let q = 0; q < queries; q++) {
      for (let k = 0; k < keys; k++) {
        const value = weight(l, h, q, k);
        if (value < 0.02) continue;
        context.globalAlpha = value * (q === chosen ? 1 : 0.25);
        context.lineWidth = q === chosen ? 1 + 4 * value : 1;
        context.beginPath();
        context.moveTo(left, middle(q + offset));
        context.bezierCurveTo((left + right) / 2, middle(q + offset), (left + right) / 2, middle(k), right, middle(k));
        context.stroke();
      }
    }
    context.globalAlpha = 1;
    context.font = "12px monospace";
    context.textBaseline = "middle";
    for (let i = 0; i < keys; i++) {
      const isChosen = i - offset === chosen;
      if (i % arcStep && !isChosen && hovered?.key !== i) continue;
      context.fillStyle = isChosen ? colors.mark : colors.ink;
      context.textAlign = "right";
      if (i >= offset) context.fillText(short(tokens[i], 13), left - 6, middle(i));
      context.fillStyle = hovered?.key === i ? colors.mark : colors.ink;
      context.textAlign = "left";
      context.fillText(short(tokens[i], 13), right + 6, middle(i));
    }
  }

  function drawHeads(colors) {
    const { context } = side;
    const chosen = model.get("query"), l = model.get("layer");
    side.text.textContent = `all heads of layer ${l}, for “${short(tokens[chosen + offset], 14)}”`;
    sized(side, 50 + sideCell * keys, sideRow * heads + 4);
    context.font = "11px monospace";
    context.textBaseline = "middle";
    for (let h = 0; h < heads; h++) {
      context.globalAlpha = 1;
      context.fillStyle = h === model.get("head") ? colors.mark : colors.ink;
      context.textAlign = "right";
      context.fillText(`head ${h}`, 46, (h + 0.5) * sideRow);
      context.fillStyle = colors.faint;
      context.fillRect(50, h * sideRow, sideCell * keys, sideRow - 2);
      context.fillStyle = colors.weight;
      for (let k = 0; k < keys; k++) {
        context.globalAlpha = weight(l, h, chosen, k);
        context.fillRect(50 + k * sideCell, h * sideRow, sideCell - (sideCell > 6 ? 1 : 0), sideRow - 2);
      }
    }
    context.globalAlpha = 1;
    context.strokeStyle = colors.mark;
    context.lineWidth = 2;
    context.strokeRect(50, model.get("head") * sideRow, sideCell * keys, sideRow - 2);
  }

  function say() {
    const chosen = model.get("query");
    const name = (i) => `“${tokens[i]}” (${i})`; // a word can stand at several places
    const h = hovered?.head ?? model.get("head");
    let key = hovered?.key;
    let most = "";
    if (key === undefined) {
      key = 0;
      for (let k = 1; k < keys; k++) {
        if (weight(model.get("layer"), h, chosen, k) > weight(model.get("layer"), h, chosen, key)) key = k;
      }
      most = " most";
    }
    const value = weight(model.get("layer"), h, chosen, key);
    status.textContent =
      `Layer ${model.get("layer")}, head ${h}: ${name(chosen + offset)} attends${most} to ${name(key)}: ${value.toFixed(3)}`;
    root.dataset.query = chosen;
    root.dataset.key = key;
  }

  let waiting = false;
  function draw() {
    waiting = false;
    const colors = palette();
    view.value = model.get("view");
    layer.value = model.get("layer");
    head.value = model.get("head");
    query.value = model.get("query");
    const arcs = model.get("view") === "arcs";
    main.text.textContent = arcs ? "the left looks, the right is looked at" : "rows look, columns are looked at";
    (arcs ? drawArcs : drawMatrix)(colors);
    drawHeads(colors);
    say();
    if (!root.dataset.drawn) {
      root.dataset.drawMs = (performance.now() - began).toFixed(1);
      root.dataset.drawnAt = String(Date.now());
      root.dataset.drawn = "true";
    }
  }
  function soon() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(draw);
  }

  function set(name, value) {
    if (model.get(name) === value) return;
    model.set(name, value);
    model.save_changes();
    soon();
  }
  const clamp = (value, count) => Math.max(0, Math.min(count - 1, value));

  view.addEventListener("change", () => set("view", view.value));
  layer.addEventListener("change", () => set("layer", Number(layer.value)));
  head.addEventListener("change", () => set("head", Number(head.value)));
  query.addEventListener("change", () => { hovered = null; set("query", Number(query.value)); });

  main.canvas.addEventListener("pointermove", (event) => {
    const x = event.offsetX, y = event.offsetY;
    if (model.get("view") === "matrix") {
      const q = Math.floor((y - GUTTER) / cell), k = Math.floor((x - GUTTER) / cell);
      if (q < 0 || k < 0 || q >= queries || k >= keys) return;
      hovered = { key: k };
      set("query", q);
    } else {
      const i = clamp(Math.floor((y - 10) / line), keys);
      if (x < MAIN / 2) {
        hovered = null;
        if (i >= offset) set("query", i - offset);
      } else hovered = { key: i };
    }
    soon();
  });
  main.canvas.addEventListener("pointerleave", () => { hovered = null; soon(); });
  main.canvas.addEventListener("keydown", (event) => {
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation(); // or the notebook would move to the next cell
    const key = hovered?.key ?? Number(root.dataset.key);
    hovered = { key: clamp(key + move[1], keys) };
    set("query", clamp(model.get("query") + move[0], queries));
    soon();
  });

  const headAt = (y) => clamp(Math.floor(y / sideRow), heads);
  side.canvas.addEventListener("pointermove", (event) => {
    hovered = { head: headAt(event.offsetY), key: clamp(Math.floor((event.offsetX - 50) / sideCell), keys) };
    soon();
  });
  side.canvas.addEventListener("pointerleave", () => { hovered = null; soon(); });
  side.canvas.addEventListener("click", (event) => set("head", headAt(event.offsetY)));
  side.canvas.addEventListener("keydown", (event) => {
    const move = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    set("head", clamp(model.get("head") + move, heads));
  });

  const watched = ["change:view", "change:layer", "change:head", "change:query"];
  for (const name of watched) model.on(name, soon);
  // JupyterLab changes its theme by an attribute of the body; colors are read anew.
  const themes = new MutationObserver(soon);
  themes.observe(document.body, { attributes: true });
  soon();
  return () => {
    themes.disconnect();
    for (const name of watched) model.off(name, soon);
  };
}

export default { render };
