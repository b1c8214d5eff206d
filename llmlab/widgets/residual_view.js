// Draws what a model would say after each layer: a table of guesses, or of the final token's ranks, and the likeliest
// five of the chosen cell.

const STYLE = `
.llmlab-residual { font: 13px var(--jp-ui-font-family, system-ui, sans-serif); max-width: 900px;
  color: var(--jp-ui-font-color1, #212121); }
.llmlab-residual-title { font-weight: 600; margin: 2px 0 4px; }
.llmlab-residual select { font: inherit; color: inherit; padding: 1px 4px;
  background: var(--jp-layout-color1, #fff); border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 3px; }
.llmlab-residual-caption { font-size: 11px; opacity: .75; margin: 2px 0 4px; }
.llmlab-residual-scroll { overflow: auto; max-height: 620px; border-radius: 3px; }
.llmlab-residual :is(.llmlab-residual-scroll, select):focus-visible { outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px; }
.llmlab-residual table { border-collapse: separate; border-spacing: 1px; margin: 0; table-layout: auto; font-size: 12px; }
.llmlab-residual :is(th, td) { padding: 0 5px; line-height: 17px; white-space: nowrap; text-align: center;
  font-weight: 400; max-width: 84px; overflow: hidden; text-overflow: ellipsis; border: none; }
.llmlab-residual tr { background: none !important; }
.llmlab-residual th { position: sticky; background: var(--jp-layout-color1, #fff); z-index: 1; }
.llmlab-residual thead th { top: 0; font-weight: 600; z-index: 2; }
.llmlab-residual tbody th { left: 0; text-align: right; opacity: .9; font-variant-numeric: tabular-nums; }
.llmlab-residual td { cursor: pointer; background: color-mix(in srgb, var(--jp-brand-color1, #1976d2)
  calc(var(--share) * 55% + 4%), var(--jp-layout-color1, #fff)); }
.llmlab-residual td.settled { font-weight: 700; }
.llmlab-residual td.chosen { outline: 2px solid var(--jp-warn-color1, #e65100); outline-offset: -1px; }
.llmlab-residual-status { min-height: 2.8em; margin-top: 5px; }
`;

/** Give the buffer of a packed trait. */
function bytes(model, name) {
  const view = model.get(name);
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}

/** Give a function that lists the likeliest tokens of a layer and place. */
function reader(model) {
  const [, places, count] = model.get("shape");
  const names = new Uint16Array(bytes(model, "guesses")), shares = new Uint8Array(bytes(model, "chances"));
  const vocabulary = model.get("vocabulary");
  return (layer, place) => Array.from({ length: count }, (_, i) => {
    const at = (layer * places + place) * count + i;
    return [vocabulary[names[at]], shares[at] / 255];
  });
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

function render({ model, el }) {
  const [heights, places] = model.get("shape");
  const tokens = model.get("tokens");
  const guess = reader(model);
  const ranks = new Uint32Array(bytes(model, "ranks"));
  const final = tokens.map((_, place) => guess(heights - 1, place)[0][0]);
  const id = `llmlab-residual-${counter++}`;
  const root = element("div", { class: "llmlab-residual", role: "group", "aria-label": model.get("title") }, el);
  element("style", { text: STYLE }, root);
  element("div", { class: "llmlab-residual-title", text: model.get("title") }, root);
  const label = element("label", { for: `${id}-view`, text: "Show " }, root);
  const view = element("select", { id: `${id}-view` }, label);
  element("option", { value: "guess", text: "the likeliest token" }, view);
  element("option", { value: "rank", text: "the rank of the final token" }, view);
  element("div", { class: "llmlab-residual-caption", text:
    "Columns: the tokens read. Rows: the layers, the last at the top. The darker, the surer; bold: the final token " +
    "already. Click, or use the arrow keys." }, root);
  const scroll = element("div", {
    class: "llmlab-residual-scroll", tabindex: "0", role: "application",
    "aria-label": "Guesses after each layer. Arrow keys move over the cells.", "aria-describedby": `${id}-status`,
  }, root);
  const table = element("table", {}, scroll);
  const head = element("tr", {}, element("thead", {}, table));
  element("th", { text: "read:" }, head);
  for (const token of tokens) element("th", { text: token, title: token, scope: "col" }, head);
  const body = element("tbody", {}, table);
  const cells = new Map();
  for (let layer = heights - 1; layer >= 0; layer--) {
    const row = element("tr", {}, body);
    element("th", { text: layer ? `layer ${layer}` : "embedding", scope: "row" }, row);
    for (let place = 0; place < places; place++) {
      const cell = element("td", {}, row);
      cell.dataset.layer = layer;
      cell.dataset.place = place;
      cells.set(`${layer},${place}`, cell);
    }
  }
  for (let place = 0; place < places; place++) {
    for (let layer = heights - 1; layer >= 0 && guess(layer, place)[0][0] === final[place]; layer--) {
      cells.get(`${layer},${place}`).className = "settled";
    }
  }
  const status = element("div", {
    class: "llmlab-residual-status", id: `${id}-status`, role: "status", "aria-live": "polite",
  }, root);

  function fill() {
    const asRank = model.get("view") === "rank";
    view.value = model.get("view");
    const widest = Math.log(Math.max(2, model.get("vocabulary_size")));
    for (const cell of cells.values()) {
      const layer = Number(cell.dataset.layer), place = Number(cell.dataset.place);
      const [[token, share]] = guess(layer, place);
      const rank = ranks[layer * places + place];
      cell.textContent = asRank ? rank.toLocaleString("en") : token;
      cell.title = `${token}; rank of “${final[place]}”: ${rank.toLocaleString("en")}`;
      cell.style.setProperty("--share", asRank ? 1 - Math.log(rank) / widest : share);
    }
  }
  function show() {
    const layer = model.get("layer"), place = model.get("place");
    body.querySelector(".chosen")?.classList.remove("chosen");
    const cell = cells.get(`${layer},${place}`);
    cell.classList.add("chosen");
    const where = layer ? `After layer ${layer}` : "From the embedding alone";
    const said = guess(layer, place).map(([token, share]) => `“${token}” ${share.toFixed(2)}`).join(", ");
    const rank = ranks[layer * places + place].toLocaleString("en");
    status.textContent = `${where}, at “${tokens[place]}” (${place}), the model would say: ${said}. ` +
      `In the end it says “${final[place]}”, which has rank ${rank} here.`;
    root.dataset.drawn = "true";
    return cell;
  }
  function choose(layer, place) {
    model.set("layer", Math.max(0, Math.min(heights - 1, layer)));
    model.set("place", Math.max(0, Math.min(places - 1, place)));
    model.save_changes();
    return show();
  }
  view.addEventListener("change", () => {
    model.set("view", view.value);
    model.save_changes();
    fill();
  });
  body.addEventListener("click", (event) => {
    const cell = event.target.closest("td");
    if (cell) choose(Number(cell.dataset.layer), Number(cell.dataset.place));
  });
  scroll.addEventListener("keydown", (event) => {
    const move = { ArrowUp: [1, 0], ArrowDown: [-1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!move) return;
    event.preventDefault();
    event.stopPropagation(); // or the notebook would move to the next cell
    choose(model.get("layer") + move[0], model.get("place") + move[1])
      .scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  const watched = ["change:layer", "change:place"];
  for (const name of watched) model.on(name, show);
  model.on("change:view", fill);
  fill();
  show();
  return () => {
    for (const name of watched) model.off(name, show);
    model.off("change:view", fill);
  };
}

export default { render };
