// The progress table or another page made of the answers, with links that open notebooks inside JupyterLab.
function render({ model, el }) {
  const root = document.createElement("section");
  root.className = "exercise";
  root.setAttribute("aria-label", model.get("about"));
  root.dataset.lmSuppressShortcuts = "true";
  const table = document.createElement("div");
  table.className = "exercise-table"; // scrolls where it does not fit, by keyboard, too
  table.tabIndex = 0;
  table.setAttribute("role", "region");
  table.setAttribute("aria-label", `${model.get("about")}: contents`);
  table.setAttribute("aria-live", "polite");
  const [refresh, acknowledge] = Object.entries({ refresh: "Refresh", acknowledge: "I have read this" }).map(
    ([action, text]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = text;
      button.addEventListener("click", () => model.send({ action }));
      return button;
    },
  );
  root.append(table, refresh, " ", acknowledge);
  el.append(root);

  function show() {
    table.innerHTML = model.get("table");
    acknowledge.hidden = !model.get("noticed");
    // The address bar names the open notebook: /lab/tree/notebooks/00_….ipynb
    const folder = /\/tree\/(.*\/)?[^/]*$/.exec(decodeURIComponent(location.pathname))?.[1] ?? "";
    for (const link of table.querySelectorAll("a")) {
      link.dataset.commandlinkerCommand = "docmanager:open";
      link.dataset.commandlinkerArgs = JSON.stringify({ path: folder + link.getAttribute("href") });
    }
  }
  model.on("change:table change:noticed", show);
  show();
  model.send({ action: "refresh" });
}

export default { render };
