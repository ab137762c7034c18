"use strict";
// Plots are drawn when all are laid out: each measures the room that it has. Their colours are those of the page's theme.
{
  const places = [...document.querySelectorAll(".figure")];
  const colour = name => {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const looks = () => {
    const axis = { gridcolor: colour("line"), linecolor: colour("edge"), tickcolor: colour("edge"), zerolinecolor: colour("edge") };
    return { font: { color: colour("soft") }, axis, ground: colour("ground"), ink: colour("ink"), bar: colour("edge") };
  };
  const themed = layout => {
    const { font, axis, ground, ink } = looks();
    return { ...layout, font: { ...layout.font, ...font }, xaxis: { ...layout.xaxis, ...axis }, yaxis: { ...layout.yaxis, ...axis }, hoverlabel: { ...layout.hoverlabel, bgcolor: ground, bordercolor: axis.linecolor, font: { ...layout.hoverlabel?.font, color: ink } } };
  };
  // Of a plot of single runs, only the curves of the case that is picked.
  const chosen = (figure, choice) => figure.data.map(trace => trace.meta === undefined ? trace : { ...trace, visible: trace.meta === choice });
  const draw = place => {
    const figure = place.figure ??= JSON.parse(place.nextElementSibling.textContent);
    const select = place.parentElement.querySelector("select");
    const data = select ? chosen(figure, select.selectedIndex) : figure.data;
    Plotly.react(place, data, themed(figure.layout), { displayModeBar: false, responsive: true });
  };
  for (const place of places) place.parentElement.querySelector("select")?.addEventListener("change", () => draw(place));
  const all = () => places.forEach(draw);
  all();
  document.addEventListener("theme", all);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  addEventListener("beforeprint", all);
}
