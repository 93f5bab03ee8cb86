// Three numbers, and a line that shows the guess and its interval while they are typed.
controls.prediction = (root, { front, changed }) => {
  const line = root.querySelector(".exercise-line");
  const inner = fieldsControl(root, {
    changed() {
      draw();
      changed();
    },
  });
  const place = (number) => 10 + (380 * (number - front.lowest)) / (front.highest - front.lowest);
  const numberIn = (text) => Number(text.replace("−", "-").replace(/^(-?\d+),(\d+)$/, "$1.$2"));
  const inRange = (text) => text !== "" && numberIn(text) >= front.lowest && numberIn(text) <= front.highest;

  function draw() {
    const { guess, low, high } = inner.read();
    const [left, right] = [low, high].map((end) => place(numberIn(end)));
    const bar =
      inRange(low) && inRange(high) && left <= right
        ? `<rect x="${left}" y="14" width="${right - left}" height="12" fill="#0072b2" opacity="0.35"/>`
        : "";
    const dot = inRange(guess) ? `<circle cx="${place(numberIn(guess))}" cy="20" r="6" fill="#0072b2"/>` : "";
    line.innerHTML =
      `<svg width="400" height="48" viewBox="0 0 400 48">${bar}` +
      `<line x1="10" x2="390" y1="20" y2="20" stroke="currentColor"/>${dot}` +
      `<text x="10" y="44" fill="currentColor">${Number(front.lowest)}</text>` +
      `<text x="390" y="44" text-anchor="end" fill="currentColor">${Number(front.highest)}</text></svg>`;
  }
  draw();
  return {
    read: inner.read,
    write(value) {
      inner.write(value);
      draw();
    },
  };
};
