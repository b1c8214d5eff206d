// Steps backward through the scalar engine's graph. The picture and the gradients after each step come from the
// kernel; here a step marks the node that passes its gradient on, and writes the gradients of that moment.

const STYLE = `
.llmlab-graph-view { font: 13px var(--jp-ui-font-family, system-ui, sans-serif);
  color: var(--jp-ui-font-color1, #212121); }
.llmlab-graph-title { font-weight: 600; margin: 2px 0 6px; }
.llmlab-graph-controls { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; margin-bottom: 6px; }
.llmlab-graph-controls label { display: inline-flex; gap: 6px; align-items: center; }
.llmlab-graph-view button { font: inherit; color: inherit; padding: 1px 10px;
  background: var(--jp-layout-color1, #fff); border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 3px; }
.llmlab-graph-view button:disabled { opacity: .5; }
.llmlab-graph-view input { accent-color: var(--jp-brand-color1, #1976d2); }
.llmlab-graph-picture { overflow-x: auto; }
.llmlab-graph-view :is(button, input, .llmlab-graph-picture):focus-visible {
  outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px; }
.llmlab-graph-status { min-height: 1.5em; margin-top: 4px; }
`;

let counter = 0;

function render({ model, el }) {
  const id = `llmlab-graph-step-${counter++}`;
  const last = model.get("sentences").length - 1;
  const root = document.createElement("div");
  root.className = "llmlab-graph-view";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", model.get("title"));
  root.innerHTML = `<style>${STYLE}</style><div class="llmlab-graph-title"></div>
    <div class="llmlab-graph-controls">
      <button type="button" name="back">Back</button>
      <button type="button" name="forward">Step</button>
      <label for="${id}">Step <input type="range" id="${id}" min="0" max="${last}" step="1">
        <output for="${id}"></output></label>
    </div>
    <div class="llmlab-graph-picture" tabindex="0" role="img"
      aria-label="Graph of the computation. Left and right arrow keys step through the backward pass.">
      ${model.get("picture")}</div>
    <div class="llmlab-graph-status" role="status" aria-live="polite"></div>`;
  el.append(root);
  root.querySelector(".llmlab-graph-title").textContent = model.get("title");
  const [back, forward, slider] = ["[name=back]", "[name=forward]", "input"].map((one) => root.querySelector(one));
  const picture = root.querySelector(".llmlab-graph-picture");
  const nodes = [...root.querySelectorAll("[data-node]")];
  const edges = [...root.querySelectorAll("[data-edge]")];
  const bytes = (name) => {
    const view = model.get(name);
    return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  };
  const passes = bytes("passes"), children = bytes("children");
  const gradients = new Float64Array(bytes("gradients").slice().buffer);

  function draw() {
    const step = model.get("step");
    const done = new Set(passes.slice(0, step));
    const current = step ? passes[step - 1] : -1;
    const mark = (element, node) => {
      element.classList.toggle("current", node === current);
      element.classList.toggle("passed", node !== current && done.has(node));
    };
    nodes.forEach((node, i) => {
      mark(node, i);
      const gradient = gradients[step * nodes.length + i];
      node.querySelector(".llmlab-graph-gradient").textContent = `grad ${Number(gradient.toPrecision(4))}`;
    });
    edges.forEach((edge, i) => mark(edge, children[i]));
    slider.value = step;
    slider.nextElementSibling.value = `${step} of ${last}`;
    back.disabled = step === 0;
    forward.disabled = step === last;
    root.querySelector(".llmlab-graph-status").textContent = model.get("sentences")[step];
    bringIntoSight(nodes[step ? current : nodes.length - 1]);
    root.dataset.step = step;
    root.dataset.drawn = "true";
  }

  /** Scroll a wide picture sideways, so that a node can be seen with the parents it passes to. */
  function bringIntoSight(node) {
    const box = node.getBoundingClientRect(), frame = picture.getBoundingClientRect();
    const room = frame.width / 4;
    if (box.right > frame.right) picture.scrollLeft += box.right - frame.right + 8;
    if (box.left - room < frame.left) picture.scrollLeft += box.left - frame.left - room;
  }

  function go(step) {
    const next = Math.max(0, Math.min(last, step));
    if (next === model.get("step")) return;
    model.set("step", next);
    model.save_changes();
  }
  back.addEventListener("click", () => go(model.get("step") - 1));
  forward.addEventListener("click", () => go(model.get("step") + 1));
  slider.addEventListener("input", () => go(Number(slider.value)));
  picture.addEventListener("keydown", (event) => {
    const now = model.get("step");
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    go(next);
  });
  // Or the notebook would take the slider's keys for its own, and move to the next cell.
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.shiftKey && event.key !== "Escape") event.stopPropagation();
  });

  model.on("change:step", draw);
  requestAnimationFrame(draw); // when the picture has its size
  return () => model.off("change:step", draw);
}

export default { render };
