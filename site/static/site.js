// What a keyboard and a screen reader need and the theme leaves out.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("p.caption[role=heading]").forEach((each) => each.setAttribute("aria-level", "2"));
  document.querySelectorAll("pre, .cell_output, .table-wrapper").forEach((each) => { each.tabIndex = each.scrollWidth > each.clientWidth ? 0 : -1; });
});

// A term's meaning below it, while it is pointed at or has the focus; Escape closes, and the mouse may move into it.
// A finger's first tap shows the meaning, the second follows the link.
document.addEventListener("DOMContentLoaded", () => {
  const tip = document.body.appendChild(document.createElement("div"));
  tip.id = "tip";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  let shown = null, leaving = 0, byFinger = false;
  const hide = () => { tip.hidden = true; shown?.removeAttribute("aria-describedby"); shown = null; };
  const leave = () => { leaving = setTimeout(hide, 250); };
  const show = (term) => {
    clearTimeout(leaving);
    if (shown === term) return;
    hide();
    shown = term;
    tip.textContent = term.dataset.meaning;
    term.setAttribute("aria-describedby", "tip");
    tip.hidden = false;
    const box = term.getBoundingClientRect();
    tip.style.top = `${box.bottom + scrollY + 4}px`;
    tip.style.left = `${Math.max(8, Math.min(box.left, document.documentElement.clientWidth - tip.offsetWidth - 8)) + scrollX}px`;
  };
  document.querySelectorAll("a.term").forEach((term) => {
    term.dataset.meaning = term.title;
    term.removeAttribute("title");
    term.addEventListener("mouseenter", () => show(term));
    term.addEventListener("focus", () => show(term));
    term.addEventListener("mouseleave", leave);
    term.addEventListener("blur", leave);
    term.addEventListener("pointerdown", (event) => { byFinger = event.pointerType === "touch" && shown !== term; });
    term.addEventListener("click", (event) => { if (byFinger) { event.preventDefault(); show(term); } });
  });
  tip.addEventListener("mouseenter", () => clearTimeout(leaving));
  tip.addEventListener("mouseleave", leave);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
});

// A table's rows that hold all words of the field above it.
document.querySelectorAll("input[data-filter]").forEach((field) => field.addEventListener("input", () => {
  const words = field.value.toLowerCase().split(/\s+/);
  document.querySelectorAll(`#${field.dataset.filter} tbody tr`).forEach((row) => {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  });
}));
