// At every save, JupyterLab can store the models of widgets in the notebook; by default it does not, and a notebook
// opened without its kernel then has only "model not found" in their place. Here each widget's model is stored as a
// page of HTML under the same id. With the kernel alive, its own models come first.
const STATE = "application/vnd.jupyter.widget-state+json";
const VIEW = "application/vnd.jupyter.widget-view+json";
const MARK = "<!-- at rest -->";

function escaped(value) {
  const box = document.createElement("div");
  box.textContent = value;
  return box.innerHTML;
}

// A composed widget as text: what its fields say, and the HTML among them.
function still(model) {
  const name = model.get("_model_name");
  const children = model.get("children");
  const value = name === "DropdownModel" ? model.get("_options_labels")[model.get("index")] : model.get("value");
  const label = escaped(model.get("description") ?? "");
  if (children) return children.map(still).join("");
  if (name === "HTMLModel") return `<div>${value}</div>`;
  if (name === "ButtonModel" || value === undefined || value === null) return "";
  if (typeof value === "boolean") return `<div>${value ? "☑" : "☐"} ${label}</div>`;
  return `<div>${label} <b>${escaped(Array.isArray(value) ? value.join(" to ") : value)}</b></div>`;
}

function page(model, css) {
  const line = "<p><em>This is how it stood when the notebook was saved. Run → Run All Cells to use it again.</em></p>";
  const inside = model.get("resting") || still(model) + line;
  return `${MARK}<style>${css}</style><div class="at-rest">${inside}</div>`;
}

function viewsIn(notebook) {
  const found = new Set();
  for (const cell of notebook.cells) {
    for (let place = 0; place < (cell.outputs?.length ?? 0); place++) {
      found.add(cell.outputs.get(place).data[VIEW]?.model_id);
    }
  }
  return found;
}

async function initialize({ model }) {
  const manager = model.widget_manager;
  const context = manager?.context; // the open notebook; other front ends have none
  if (!context?.saveState) return;
  const models = new Map();

  async function learn() {
    for (const id of model.get("shown")) {
      if (!models.has(id)) manager.get_model(id).then((found) => models.set(id, found), () => {});
    }
  }

  function store(_, moment) {
    if (moment !== "started") return;
    const notebook = context.model;
    const views = viewsIn(notebook);
    const before = notebook.getMetadata("widgets")?.[STATE]?.state ?? {};
    const after = Object.fromEntries(
      Object.entries(before).filter(([id, one]) => views.has(id) || !one.state?.value?.startsWith?.(MARK)),
    );
    for (const [id, shown] of models) {
      if (!views.has(id)) continue;
      const html = { model_name: "HTMLModel", model_module: "@jupyter-widgets/controls", model_module_version: "2.0.0" };
      after[id] = { ...html, state: { value: page(shown, model.get("_css")) } };
    }
    if (JSON.stringify(after) === JSON.stringify(before)) return;
    notebook.setMetadata("widgets", { [STATE]: { version_major: 2, version_minor: 0, state: after } });
  }

  learn();
  model.on("change:shown", learn);
  context.saveState.connect(store);
  return () => context.isDisposed || context.saveState.disconnect(store);
}

export default { initialize };
