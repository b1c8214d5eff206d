// Steps through a ring all-reduce. The kernel draws a picture and writes a sentence for each step; here the step is
// chosen, and another number of ranks asked for.

const STYLE = `
.llmlab-ring-view { font: 13px var(--jp-ui-font-family, system-ui, sans-serif);
  color: var(--jp-ui-font-color1, #212121); }
.llmlab-ring-title { font-weight: 600; margin: 2px 0 6px; }
.llmlab-ring-controls { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; margin-bottom: 6px; }
.llmlab-ring-controls label { display: inline-flex; gap: 6px; align-items: center; }
.llmlab-ring-view :is(button, select) { font: inherit; color: inherit; padding: 1px 10px;
  background: var(--jp-layout-color1, #fff); border: 1px solid var(--jp-border-color1, #bdbdbd); border-radius: 3px; }
.llmlab-ring-view button:disabled { opacity: .5; }
.llmlab-ring-view input { accent-color: var(--jp-brand-color1, #1976d2); }
.llmlab-ring-picture { overflow-x: auto; }
.llmlab-ring-view :is(button, select, input, .llmlab-ring-picture):focus-visible {
  outline: 2px solid var(--jp-brand-color1, #1976d2); outline-offset: 1px; }
.llmlab-ring-caption { font-size: 11px; opacity: .75; margin-top: 4px; }
.llmlab-ring-status { min-height: 1.5em; margin-top: 4px; }
`;

let counter = 0;

function render({ model, el }) {
  const id = `llmlab-ring-${counter++}`;
  const root = document.createElement("div");
  root.className = "llmlab-ring-view";
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", model.get("title"));
  root.innerHTML = `<style>${STYLE}</style><div class="llmlab-ring-title"></div>
    <div class="llmlab-ring-controls">
      <label for="${id}-ranks">Ranks <select id="${id}-ranks" name="world_size"></select></label>
      <button type="button" name="back">Back</button>
      <button type="button" name="forward">Step</button>
      <label for="${id}-step">Step <input type="range" id="${id}-step" name="step" min="0" step="1">
        <output for="${id}-step"></output></label>
    </div>
    <div class="llmlab-ring-picture" tabindex="0" role="img"></div>
    <div class="llmlab-ring-caption">One square a rank: filled where that rank's share is in. Shaded cells are finished;
      a thick frame marks what arrived in this step.</div>
    <div class="llmlab-ring-status" role="status" aria-live="polite"></div>`;
  el.append(root);
  root.querySelector(".llmlab-ring-title").textContent = model.get("title");
  const [ranks, back, forward, slider] = ["world_size", "back", "forward", "step"].map((one) =>
    root.querySelector(`[name=${one}]`));
  for (let size = 2; size <= model.get("most"); size++) ranks.append(new Option(size, size));
  const picture = root.querySelector(".llmlab-ring-picture");

  function draw() {
    const step = model.get("step"), last = model.get("pictures").length - 1;
    const sentence = model.get("sentences")[step];
    picture.innerHTML = model.get("pictures")[step];
    picture.setAttribute("aria-label", sentence);
    root.querySelector(".llmlab-ring-status").textContent = sentence;
    ranks.value = model.get("world_size");
    slider.max = last;
    slider.value = step;
    slider.nextElementSibling.value = `${step} of ${last}`;
    slider.setAttribute("aria-valuetext", sentence);
    back.disabled = step === 0;
    forward.disabled = step === last;
    root.dataset.drawn = "true";
  }

  function go(step) {
    const last = model.get("pictures").length - 1;
    model.set("step", Math.min(last, Math.max(0, step)));
    model.save_changes();
    draw();
  }
  back.addEventListener("click", () => go(model.get("step") - 1));
  forward.addEventListener("click", () => go(model.get("step") + 1));
  slider.addEventListener("input", () => go(Number(slider.value)));
  ranks.addEventListener("change", () => {
    model.set("world_size", Number(ranks.value));
    model.save_changes();
  });
  picture.addEventListener("keydown", (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move) return;
    event.preventDefault();
    go(model.get("step") + move);
  });
  // Or the notebook would take the keys of a slider or a menu for its own, and move to the next cell.
  root.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.shiftKey && event.key !== "Escape") event.stopPropagation();
  });

  model.on("change:pictures", draw);
  model.on("change:step", draw);
  draw();
  return () => {
    model.off("change:pictures", draw);
    model.off("change:step", draw);
  };
}

export default { render };
