// Formulas stand between \( and \), or \[ and \]; nothing is fetched from elsewhere.
window.MathJax = {
  tex: { inlineMath: [["\\(", "\\)"]], displayMath: [["\\[", "\\]"]], processEscapes: false },
  svg: { fontCache: "local" },
  options: { enableMenu: false },
  startup: {
    async pageReady() {
      await MathJax.startup.defaultPageReady();
      if (document.querySelector(".reveal")) return;
      for (const wide of document.querySelectorAll("mjx-container[display], .result, table")) {
        if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0; // so that a keyboard can scroll it
      }
    },
  },
};
