// A text, and after it is committed the points of the rubric to tick.
controls.written = (root, { changed }) => {
  const [text] = fieldsOf(root);
  const rubric = root.querySelector("fieldset");
  const boxes = [...rubric.querySelectorAll("input")];
  for (const field of [text, ...boxes]) field.addEventListener("input", changed);
  return {
    read: () => ({ text: text.value, met: boxes.filter((box) => box.checked).map((box) => box.value) }),
    write(value) {
      text.value = value?.text ?? textOf(value);
      for (const box of boxes) box.checked = value?.met?.includes(box.value) ?? false;
    },
    lock(locked, button) {
      text.readOnly = locked;
      rubric.hidden = !locked;
      if (locked) button.textContent = "Keep my marks";
    },
  };
};
