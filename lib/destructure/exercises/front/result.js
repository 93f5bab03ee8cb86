// A result that waits until its prediction is locked.
function render({ model, el }) {
  const root = document.createElement("section");
  root.className = "exercise";
  root.setAttribute("aria-label", `Result of exercise ${model.get("identity")}`);
  root.dataset.reveal = model.get("identity");
  root.dataset.lmSuppressShortcuts = "true";
  for (const type of ["keydown", "keypress", "keyup"]) root.addEventListener(type, (event) => event.stopPropagation());
  el.append(root);

  function show() {
    root.replaceChildren();
    const text = document.createElement("p");
    text.setAttribute("role", "status");
    text.textContent = model.get("text");
    root.append(text);
    if (model.get("shown")) {
      const picture = document.createElement("img");
      picture.className = "exercise-picture";
      picture.src = model.get("picture");
      picture.alt = model.get("alt");
      picture.style.maxWidth = "100%";
      root.append(picture);
      return;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.action = "show";
    button.textContent = "Show the result without predicting";
    button.addEventListener("click", () => model.send({ action: "show" }));
    root.append(button);
  }
  for (const name of ["text", "shown", "picture"]) model.on(`change:${name}`, show);
  show();
}

export default { render };
