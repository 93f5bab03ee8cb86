// Controls made of ordinary form fields. A control is {read, write}: read() gives plain data or null, write(value) shows it.
// Every kind registers itself here under its name.
const controls = {};

const fieldsOf = (root) => [...root.querySelectorAll("[data-field]")];

const isBox = (field) => field.type === "checkbox";

function textOf(value) {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

// Several named fields: {name: text or true/false}.
function fieldsControl(root, { changed }) {
  for (const field of fieldsOf(root)) {
    field.addEventListener(isBox(field) || field.tagName === "SELECT" ? "change" : "input", changed);
  }
  return {
    read: () => Object.fromEntries(fieldsOf(root).map((f) => [f.dataset.field, isBox(f) ? f.checked : f.value])),
    write(value) {
      for (const field of fieldsOf(root)) {
        const own = value?.[field.dataset.field];
        if (isBox(field)) field.checked = own ?? field.defaultChecked;
        else field.value = textOf(own);
      }
    },
  };
}

controls.shapes = fieldsControl;
controls.match = fieldsControl;

// One field: its text.
controls.number = (root, { changed }) => {
  const [field] = fieldsOf(root);
  field.addEventListener("input", changed);
  return { read: () => field.value, write: (value) => (field.value = textOf(value)) };
};

// Radio buttons (one key) or check boxes (a list of keys).
controls.choice = (root, { changed }) => {
  const boxes = [...root.querySelectorAll("input")];
  const several = boxes[0].type === "checkbox";
  // Two views of one exercise on a page must not share a radio group.
  const group = `option-${Math.random().toString(36).slice(2)}`;
  for (const box of boxes) {
    box.name = group;
    box.addEventListener("change", changed);
  }
  return {
    read() {
      const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
      return several ? chosen : (chosen[0] ?? null);
    },
    write(value) {
      const chosen = Array.isArray(value) ? value : [value];
      for (const box of boxes) box.checked = chosen.includes(box.value);
    },
  };
};

// The answer is a function or a run's rows in the notebook, which the kernel finds.
controls.code = () => ({ read: () => null, write() {} });
controls.run = controls.code;
