// Shows a text as its tokens while it is typed, and how they grew, merge by merge.
// The kernel cuts the text (its tokenizer is the one that counts); this page draws what comes back.

const STYLE = `
.llmlab-tokens { font: 13px var(--jp-ui-font-family, system-ui, sans-serif); max-width: 760px;
  color: var(--jp-ui-font-color1, #212121); }
.llmlab-tokens-title { font-weight: 600; margin: 2px 0 6px; }
.llmlab-tokens label { display: block; }
.llmlab-tokens textarea { display: block; width: 100%; box-sizing: border-box; margin: 3px 0 8px; padding: 5px 7px;
  resize: vertical; font: 14px/1.45 var(--jp-code-font-family, monospace); color: inherit;
  background: var(--jp-layout-color1, #fff); border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 3px; }
.llmlab-tokens-controls { display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center; }
.llmlab-tokens-controls label { display: flex; flex: 1 1 300px; gap: 8px; align-items: center; }
.llmlab-tokens input[type=range] { flex: 1; min-width: 120px; margin: 0; accent-color: var(--jp-brand-color1, #1976d2); }
.llmlab-tokens output { min-width: 11ch; text-align: right; font-variant-numeric: tabular-nums; }
.llmlab-tokens button { font: inherit; color: inherit; padding: 2px 8px; cursor: pointer;
  background: var(--jp-layout-color2, #eee); border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 3px; }
.llmlab-tokens button:disabled { opacity: .45; cursor: default; }
.llmlab-tokens-next { min-height: 1.5em; margin: 4px 0 8px; }
.llmlab-tokens-next code, .llmlab-tokens-detail code { font-family: var(--jp-code-font-family, monospace); }
.llmlab-tokens-list { line-height: 1; padding: 6px 5px 2px; margin-bottom: 4px; min-height: 40px; max-height: 320px; overflow-y: auto; border-radius: 3px; }
.llmlab-tokens-token { display: inline-block; margin: 0 3px 6px 0; vertical-align: top; border-radius: 3px; cursor: default;
  border: 1px solid color-mix(in srgb, var(--hue) 75%, transparent); unicode-bidi: isolate; overflow: hidden; }
.llmlab-tokens-token > span { display: block; padding: 4px 5px 3px; white-space: pre;
  font: 14px/1.2 var(--jp-code-font-family, monospace);
  background: color-mix(in srgb, var(--hue) 22%, transparent); }
.llmlab-tokens-token > small { display: block; padding: 2px 5px; text-align: center; font-size: 10.5px;
  color: var(--jp-ui-font-color1, #212121); opacity: .8; font-variant-numeric: tabular-nums; }
.llmlab-tokens-token.part { border-style: dashed; }
.llmlab-tokens-token.new { border-width: 2px; margin-top: -1px; }
.llmlab-tokens-token.new > span { font-weight: 700; }
.llmlab-tokens-token.chosen { outline: 2px solid var(--jp-ui-font-color1, #212121); outline-offset: -1px; }
.llmlab-tokens :focus-visible { outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px; }
.llmlab-tokens-list:focus-visible { outline-offset: -2px; }
.llmlab-tokens-status, .llmlab-tokens-detail { min-height: 1.5em; font-variant-numeric: tabular-nums; }
.llmlab-tokens-status { font-weight: 600; }
.llmlab-tokens-wrong { color: var(--jp-error-color1, #c62828); }
@media (prefers-reduced-motion: no-preference) { .llmlab-tokens-token { transition: border-color .15s; } }
`;

const HUES = ["--jp-brand-color1, #1976d2", "--jp-warn-color1, #e65100", "--jp-success-color1, #2e7d32", "--jp-error-color1, #c62828"];
const PAUSE = 60; // milliseconds without a keystroke before the kernel is asked

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
  const name = `llmlab-tokens-${counter++}`;
  const stages = model.get("stages");
  let chosen = -1; // the token under the pointer or the keyboard's cursor
  let boxes = [];
  let waiting = 0;

  const root = element("div", { class: "llmlab-tokens", role: "group", "aria-label": model.get("title") }, el);
  element("style", { text: STYLE }, root);
  element("div", { class: "llmlab-tokens-title", text: model.get("title") }, root);
  element("label", { for: `${name}-text`, text: "Text" }, root);
  const text = element("textarea", { id: `${name}-text`, rows: "2", spellcheck: "false", dir: "auto" }, root);
  const controls = element("div", { class: "llmlab-tokens-controls" }, root);
  const label = element("label", { for: `${name}-stage`, text: "Merges" }, controls);
  const slider = element("input", { id: `${name}-stage`, type: "range", min: "0", max: String(stages), step: "1" }, label);
  const number = element("output", { for: `${name}-stage` }, label);
  const back = element("button", { type: "button", class: "llmlab-tokens-back", text: "◂ previous change" }, controls);
  const forth = element("button", { type: "button", class: "llmlab-tokens-forth", text: "next change ▸" }, controls);
  const next = element("div", { class: "llmlab-tokens-next" }, root);
  if (!stages) for (const part of [controls, next]) part.style.display = "none";
  const list = element("div", {
    class: "llmlab-tokens-list", role: "listbox", tabindex: "0", dir: "ltr",
    "aria-label": "Tokens. Left and right move from token to token.",
  }, root);
  const status = element("div", { class: "llmlab-tokens-status", role: "status", "aria-live": "polite" }, root);
  const detail = element("div", { class: "llmlab-tokens-detail", role: "status", "aria-live": "polite" }, root);

  function choose(index) {
    const tokens = model.get("shown").tokens ?? [];
    chosen = Math.max(-1, Math.min(tokens.length - 1, index));
    for (const [i, token] of boxes.entries()) {
      token.classList.toggle("chosen", i === chosen);
      token.setAttribute("aria-selected", String(i === chosen));
    }
    if (chosen < 0) {
      list.removeAttribute("aria-activedescendant");
      detail.textContent = "Point at a token, or move over the tokens with the arrow keys.";
      return;
    }
    list.setAttribute("aria-activedescendant", `${name}-token-${chosen}`);
    const { label, id, bytes, made } = tokens[chosen];
    detail.textContent = `Token ${chosen + 1}: “${label}”, id ${id}, bytes ${bytes}${made ? `, made of ${made}` : ""}.`;
  }

  function draw() {
    const shown = model.get("shown");
    if (document.activeElement !== text) text.value = model.get("text");
    text.rows = Math.max(2, Math.min(8, text.value.split("\n").length));
    const stage = model.get("stage");
    slider.value = String(stage);
    number.textContent = `${stage.toLocaleString("en")} of ${stages.toLocaleString("en")}`;
    slider.setAttribute("aria-valuetext", `${number.textContent} merges. ${shown.next ?? ""}`);
    next.textContent = shown.next ?? "";
    const changes = shown.changes ?? [];
    back.disabled = !changes.some((change) => change <= stage);
    forth.disabled = !changes.some((change) => change > stage);

    status.classList.toggle("llmlab-tokens-wrong", Boolean(shown.wrong));
    status.textContent = shown.wrong ?? shown.counts;
    list.replaceChildren();
    boxes = [];
    for (const [i, token] of (shown.tokens ?? []).entries()) {
      const box = element("span", { id: `${name}-token-${i}`, class: "llmlab-tokens-token", role: "option" }, list);
      box.style.setProperty("--hue", `var(${HUES[i % HUES.length]})`);
      box.classList.toggle("part", token.part);
      box.classList.toggle("new", token.new);
      box.setAttribute("aria-label", `${token.label}, id ${token.id}`);
      element("span", { text: token.label }, box);
      element("small", { text: String(token.id) }, box);
      boxes.push(box);
      if (token.ends) element("br", {}, list); // where the text ends a line, the picture does
    }
    choose(chosen);
    root.dataset.drawn = "true";
  }

  function set(key, value) {
    if (model.get(key) === value) return;
    model.set(key, value);
    model.save_changes();
  }
  const go = (stage) => { set("stage", stage); draw(); };

  text.value = model.get("text");
  text.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => set("text", text.value), PAUSE);
  });
  slider.addEventListener("input", () => go(Number(slider.value)));
  // Most merges touch nothing in a short text: these two go straight to one that does.
  const changes = (wanted) => model.get("shown").changes.filter(wanted);
  back.addEventListener("click", () => go(Math.max(...changes((one) => one <= model.get("stage"))) - 1));
  forth.addEventListener("click", () => go(Math.min(...changes((one) => one > model.get("stage")))));

  // What a control does with a key must not reach the notebook, or it would move to the next cell.
  const KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown", "Enter", " "];
  for (const control of [slider, back, forth]) {
    control.addEventListener("keydown", (event) => { if (KEYS.includes(event.key)) event.stopPropagation(); });
  }
  text.addEventListener("keydown", (event) => event.stopPropagation());
  list.addEventListener("keydown", (event) => {
    const places = { ArrowLeft: Math.max(0, chosen - 1), ArrowRight: chosen + 1, Home: 0, End: boxes.length - 1 };
    if (!(event.key in places)) return;
    event.preventDefault();
    event.stopPropagation();
    choose(places[event.key]);
    boxes[chosen]?.scrollIntoView({ block: "nearest" });
  });
  list.addEventListener("pointerover", (event) => {
    const token = event.target.closest(".llmlab-tokens-token");
    if (token) choose(boxes.indexOf(token));
  });

  model.on("change:shown", draw);
  draw();
  return () => {
    clearTimeout(waiting);
    model.off("change:shown", draw);
  };
}

export default { render };
