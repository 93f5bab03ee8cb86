// Draws each chart of the page from the specification that stands in it; the controls stand above.
document.querySelectorAll("figure.chart").forEach(async (figure) => {
  const spec = JSON.parse(figure.querySelector("script").textContent);
  const place = figure.appendChild(document.createElement("div"));
  const result = await window.vegaEmbed(place, spec, { renderer: "svg", actions: false });
  const controls = figure.querySelector(".vega-bindings");
  if (controls) figure.prepend(controls);
  // The range sliders show their value beside them; a reader hears the unit from the label.
  figure.view = result.view;
  figure.dataset.drawn = "yes";
});
