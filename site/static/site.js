// What a keyboard and a screen reader need and the theme leaves out.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelectorAll("p.caption[role=heading]").forEach((each) => each.setAttribute("aria-level", "2"));
  document.querySelectorAll("pre, .cell_output, .table-wrapper").forEach((each) => { each.tabIndex = each.scrollWidth > each.clientWidth ? 0 : -1; });
});
