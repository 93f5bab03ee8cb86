// At every save, JupyterLab can store the models of widgets in the notebook; by default it does not, and a notebook
// opened without its kernel then has only "model not found" in their place. Here each widget's model, also that of a
// progress bar or of the learner's own, is stored as a page of HTML under the same id. With the kernel alive, its own
// models come first.
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
  if (/Button|Progress/.test(name) || value === undefined || value === null) return "";
  if (typeof value === "boolean") return `<div>${value ? "☑" : "☐"} ${label}</div>`;
  return `<div>${label} <b>${escaped(Array.isArray(value) ? value.join(" to ") : value)}</b></div>`;
}

function page(model, css) {
  const line = "<p><em>This is how it stood when the notebook was saved. Run → Run All Cells to use it again.</em></p>";
  const inside = model.get("resting") || still(model) + line;
  return `${MARK}<style>${css}</style><div class="at-rest">${inside}</div>`;
}

// Ids of the widgets that a notebook shows, each with what else its output holds.
function viewsIn(notebook) {
  const found = new Map();
  for (const cell of notebook.cells) {
    for (let place = 0; place < (cell.outputs?.length ?? 0); place++) {
      const { data } = cell.outputs.get(place);
      if (data[VIEW]) found.set(data[VIEW].model_id, data["text/html"] ?? "");
    }
  }
  return found;
}

function initialize({ model }) {
  const manager = model.widget_manager;
  const context = manager?.context; // the open notebook; other front ends have none
  if (!context?.saveState) return;
  const notebook = context.model;
  const models = new Map(); // a save does not wait, so they are fetched before
  const stored = (value) => ({
    model_name: "HTMLModel",
    model_module: "@jupyter-widgets/controls",
    model_module_version: "2.0.0",
    state: { value },
  });

  function learn() {
    for (const id of viewsIn(notebook).keys()) {
      if (!models.has(id) && manager.has_model(id)) manager.get_model(id).then((found) => models.set(id, found));
    }
  }

  function store(_, moment) {
    if (moment !== "started") return;
    const views = viewsIn(notebook);
    const before = notebook.getMetadata("widgets")?.[STATE]?.state ?? {};
    const after = Object.fromEntries(
      Object.entries(before).filter(([id, one]) => views.has(id) || !one.state?.value?.startsWith?.(MARK)),
    );
    for (const [id, html] of views) {
      const live = manager.has_model(id);
      if (live && models.get(id)?.comm_live) after[id] = stored(page(models.get(id), model.get("_css")));
      else if (!live && !(id in after)) after[id] = stored(MARK + html); // closed, as a progress bar when it is done
    }
    if (JSON.stringify(after) === JSON.stringify(before)) return;
    notebook.setMetadata("widgets", { [STATE]: { version_major: 2, version_minor: 0, state: after } });
  }

  learn();
  notebook.contentChanged.connect(learn);
  context.saveState.connect(store);
  return () => {
    if (context.isDisposed) return;
    notebook.contentChanged.disconnect(learn);
    context.saveState.disconnect(store);
  };
}

export default { initialize };
