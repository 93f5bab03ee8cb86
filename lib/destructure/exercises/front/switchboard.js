// Four switches and the drawing that follows them.
controls.switchboard = (root, { front, changed }) => {
  const picture = root.querySelector(".exercise-drawn img");
  const caption = root.querySelector(".exercise-drawn .exercise-caption");
  const inner = fieldsControl(root, {
    changed() {
      draw();
      changed();
    },
  });

  function draw() {
    const code = Object.keys(front.start).map((name, index) => (inner.read()[name] ? `S${index + 1}` : "--"));
    const corner = front.corners[code.join(" ")];
    picture.src = corner.picture;
    picture.alt = corner.alt;
    caption.textContent = corner.caption;
  }

  function write(value) {
    // A stored answer is a code such as "S1 -- S3 --", a draft names the switches.
    const switches =
      typeof value === "string"
        ? Object.fromEntries(Object.keys(front.start).map((name, i) => [name, value.includes(`S${i + 1}`)]))
        : (value ?? front.start);
    inner.write(switches);
    draw();
  }
  return { read: inner.read, write };
};
