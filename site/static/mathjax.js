// Formulas stand between \( and \), or \[ and \]; nothing is fetched from elsewhere.
window.MathJax = {
  tex: { inlineMath: [["\\(", "\\)"]], displayMath: [["\\[", "\\]"]], processEscapes: false },
  svg: { fontCache: "local" },
  options: { enableMenu: false },
};
