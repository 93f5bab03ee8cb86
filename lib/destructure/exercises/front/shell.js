// What surrounds every control: buttons, feedback, hints, solution. All decisions are taken in Python.
const MARKS = {
  locked: "✓ Locked",
  right: "✓ Right",
  partly: "◐ Partly right",
  wrong: "✗ Not right yet",
  unanswered: "○ Not answered",
};
const REPLY_WITHIN = 5000; // milliseconds until we say that the kernel is silent

// Milliseconds until a draft is kept: not at every letter that is typed; leaving the control keeps it at once.
const SAVE_AFTER = { typing: 2000, choosing: 200 };

const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

function keepKeys(root) {
  // Otherwise JupyterLab takes letters and arrows as commands on cells.
  root.dataset.lmSuppressShortcuts = "true";
  for (const type of ["keydown", "keypress", "keyup"]) root.addEventListener(type, (event) => event.stopPropagation());
}

function render({ model, el }) {
  const root = document.createElement("section");
  root.className = "exercise";
  root.setAttribute("aria-label", `Exercise: ${model.get("title")}`);
  root.dataset.exercise = model.get("identity");
  root.innerHTML = model.get("page");
  keepKeys(root);
  el.append(root);

  const part = (name) => root.querySelector(`.exercise-${name}`);
  const button = (action) => root.querySelector(`[data-action="${action}"]`);
  const held = part("control");
  let silence = null;
  let saving = null;
  let touched = model.get("draft") !== null;
  let turn = model.get("turn");

  const control = controls[model.get("kind")](held, {
    front: model.get("front"),
    changed() {
      touched = true;
      clearTimeout(saving);
      const typing = document.activeElement?.matches("[type=text], textarea");
      saving = setTimeout(saveDraft, typing ? SAVE_AFTER.typing : SAVE_AFTER.choosing);
    },
  });

  function saveDraft() {
    clearTimeout(saving);
    saving = null;
    // A kernel may take messages of one widget in another order than they were sent; the number tells the newer one.
    turn = model.get("turn") + 1;
    model.set("turn", turn);
    model.set("draft", control.read());
    model.save_changes();
  }

  function showDraft() {
    const draft = model.get("draft");
    // A late word of the kernel must not take back what was typed since; another view of this exercise may.
    if (touched && turn === model.get("turn")) return;
    turn = model.get("turn");
    if (saving === null && !same(draft, control.read())) control.write(draft);
  }
  function showVerdict() {
    const { state, score, message } = model.get("verdict");
    const area = part("feedback");
    area.dataset.state = state ?? "";
    area.replaceChildren();
    if (!state) return;
    const mark = document.createElement("strong");
    mark.textContent = state === "partly" ? `${MARKS.partly} (${Math.floor(100 * score)}%)` : MARKS[state];
    area.append(mark, ` ${message}`);
  }
  function showHints() {
    const hints = model.get("hints");
    const total = model.get("hint_count");
    part("hints").innerHTML = hints.map((hint, i) => `<div><b>Hint ${i + 1} of ${total}.</b> ${hint}</div>`).join("");
    button("hint").textContent = hints.length < total ? `Hint (${hints.length + 1} of ${total})` : "No more hints";
    button("hint").disabled = hints.length >= total;
  }
  function showSolution() {
    const solution = model.get("solution");
    part("solution").innerHTML = solution && `<b>Solution.</b> ${solution}`;
    button("solution").disabled = Boolean(solution);
  }
  function showNote() {
    part("note").textContent = model.get("note");
  }
  function showLock() {
    const locked = model.get("locked");
    if (control.lock) return control.lock(locked, button("check"));
    for (const field of held.querySelectorAll("input, select, button")) field.disabled = locked;
    button("check").disabled = locked;
  }
  function showSource() {
    const box = held.querySelector(".exercise-source");
    if (!box) return;
    box.hidden = !model.get("source");
    box.querySelector("pre").textContent = model.get("source");
  }

  held.addEventListener("focusout", (event) => {
    if (saving !== null && !held.contains(event.relatedTarget)) saveDraft();
  });
  held.addEventListener("keydown", (event) => {
    // What is locked for good asks for its button.
    const field = event.target.matches("[type=text]") && model.get("kind") !== "prediction";
    if (field && event.key === "Enter" && !event.isComposing) button("check").click();
  });
  for (const action of ["check", "hint", "solution"]) {
    button(action).addEventListener("click", () => {
      clearTimeout(silence);
      silence = setTimeout(() => {
        part("note").textContent =
          "The kernel has not answered. If it was restarted, run this cell again; your answers are kept.";
      }, REPLY_WITHIN);
      if (saving !== null) saveDraft();
      // The value travels along: a change of the draft may still be waiting its turn.
      model.send({ action, turn, value: touched ? control.read() : null });
    });
  }
  const watch = {
    draft: showDraft,
    verdict: showVerdict,
    hints: showHints,
    solution: showSolution,
    note: showNote,
    locked: showLock,
    source: showSource,
    replies() {
      clearTimeout(silence);
      showNote();
    },
  };
  for (const [name, show] of Object.entries(watch)) {
    model.on(`change:${name}`, show);
    if (name !== "draft") show();
  }
  control.write(model.get("draft"));
  return () => {
    clearTimeout(silence);
    if (saving !== null) saveDraft();
    for (const [name, show] of Object.entries(watch)) model.off(`change:${name}`, show);
  };
}

export default { render };
