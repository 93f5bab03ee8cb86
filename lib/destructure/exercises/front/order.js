// A list whose items are moved by their two buttons, by the arrow keys on them, or by dragging.
controls.order = (root, { changed }) => {
  const list = root.querySelector(".exercise-order");
  const steps = () => [...list.children];
  const start = steps().map((step) => step.dataset.step);
  let dragged = null;

  function move(step, way) {
    const other = way === "up" ? step.previousElementSibling : step.nextElementSibling;
    if (!other) return;
    if (way === "up") other.before(step);
    else other.after(step);
    changed();
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-move]");
    if (!button) return;
    move(button.closest("li"), button.dataset.move);
    button.focus();
  });
  list.addEventListener("keydown", (event) => {
    const button = event.target.closest("[data-move]");
    const way = { ArrowUp: "up", ArrowDown: "down" }[event.key];
    if (!button || !way) return;
    event.preventDefault();
    move(button.closest("li"), way);
    button.focus();
  });
  list.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("li");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.step);
    event.stopPropagation();
  });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("li");
    if (!dragged || !over || over === dragged) return;
    event.preventDefault();
    const { top, height } = over.getBoundingClientRect();
    if (event.clientY < top + height / 2) over.before(dragged);
    else over.after(dragged);
  });
  list.addEventListener("drop", (event) => event.preventDefault());
  list.addEventListener("dragend", () => {
    dragged = null;
    changed();
  });
  return {
    read: () => steps().map((step) => step.dataset.step),
    write(value) {
      const wanted = Array.isArray(value) ? value : start;
      const byKey = new Map(steps().map((step) => [step.dataset.step, step]));
      for (const key of wanted) if (byKey.has(key)) list.append(byKey.get(key));
    },
  };
};
