// A grid of toggle buttons with one tab stop: painted by drag, click or keyboard.
controls.mask = (root, { front, changed }) => {
  const grid = Array.from({ length: front.rows }, () => Array(front.columns));
  for (const cell of root.querySelectorAll(".exercise-cell")) grid[cell.dataset.row][cell.dataset.column] = cell;
  const cells = grid.flat();
  const isOn = (cell) => cell.getAttribute("aria-pressed") === "true";
  const set = (cell, on) => cell.setAttribute("aria-pressed", String(on));
  let painting = null; // what the present drag paints: true, false, or null when nothing is dragged
  let last = null; // the cell that the drag reached last

  // A fast drag jumps over cells: paint the straight line from the last one too.
  function paintTo(cell) {
    const place = (one) => [Number(one.dataset.row), Number(one.dataset.column)];
    const [fromRow, fromColumn] = place(last ?? cell);
    const [row, column] = place(cell);
    const steps = Math.max(Math.abs(row - fromRow), Math.abs(column - fromColumn), 1);
    for (let step = 0; step <= steps; step++) {
      const along = (from, to) => Math.round(from + ((to - from) * step) / steps);
      const passed = grid[along(fromRow, row)][along(fromColumn, column)];
      if (!passed.disabled) set(passed, painting);
    }
    last = cell;
  }

  function focus(row, column) {
    const cell = grid[Math.min(Math.max(row, 0), front.rows - 1)][Math.min(Math.max(column, 0), front.columns - 1)];
    for (const other of cells) other.tabIndex = other === cell ? 0 : -1;
    cell.focus();
  }

  root.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest(".exercise-cell");
    if (!cell || event.button !== 0) return;
    // A finger would otherwise stay bound to the cell it touched first.
    if (cell.hasPointerCapture(event.pointerId)) cell.releasePointerCapture(event.pointerId);
    painting = !isOn(cell);
    last = null;
    paintTo(cell);
  });
  root.addEventListener("pointermove", (event) => {
    if (painting === null) return;
    const cell = document.elementFromPoint(event.clientX, event.clientY)?.closest(".exercise-cell");
    if (cell && root.contains(cell) && cell !== last) paintTo(cell);
  });
  const finish = () => {
    if (painting === null) return;
    painting = null;
    changed();
  };
  root.addEventListener("pointerup", finish);
  root.addEventListener("pointerleave", finish);
  root.addEventListener("pointercancel", finish);
  root.addEventListener("click", (event) => {
    const cell = event.target.closest(".exercise-cell");
    // detail is 0 when a keyboard or an assistive tool clicks; a mouse has painted already.
    if (!cell || event.detail !== 0) return;
    set(cell, !isOn(cell));
    changed();
  });
  root.addEventListener("keydown", (event) => {
    const cell = event.target.closest(".exercise-cell");
    if (!cell) return;
    const [row, column] = [Number(cell.dataset.row), Number(cell.dataset.column)];
    const places = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: [row, 0],
      End: [row, front.columns - 1],
    };
    if (!(event.key in places)) return;
    event.preventDefault();
    focus(...places[event.key]);
  });
  grid[0][0].tabIndex = 0;
  return {
    read: () => grid.map((row) => row.map((cell) => Number(isOn(cell)))),
    write: (value) => cells.forEach((c) => set(c, Number(value?.[c.dataset.row]?.[c.dataset.column]) === 1)),
  };
};
