"use strict";
// Moves as lines from a machine of today to a machine of the plan, each in the colour of its component.
{
  const data = JSON.parse(document.getElementById("data").textContent);
  const sides = document.getElementById("sides");
  const MOST = 400; // lines; beyond, only those of the machine that is looked at are drawn
  if (sides && data.moves.length) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.id = "moves";
    svg.setAttribute("aria-hidden", "true");
    sides.append(svg);
    const tile = (map, index) => sides.querySelector(`.fleet[data-map="${map}"] .m[data-i="${index}"]`);
    const ends = data.moves.map(([component, source, target]) => [component, tile("before", source), tile("after", target)]);
    let looked = null;
    const draw = () => {
      const origin = sides.getBoundingClientRect();
      const lines = [];
      ends.forEach(([component, from, to], k) => {
        const [, source, target] = data.moves[k];
        const own = looked && ((looked.map === "before" && looked.index === source) || (looked.map === "after" && looked.index === target));
        if (!from || !to || (data.moves.length > MOST && !own)) return;
        const a = from.getBoundingClientRect(), b = to.getBoundingClientRect();
        const stacked = b.left < a.right; // one below the other on a narrow screen
        const x = (stacked ? a.left + a.width / 2 : a.right) - origin.left, y = (stacked ? a.bottom : a.top + a.height / 2) - origin.top;
        const u = (stacked ? b.left + b.width / 2 : b.left) - origin.left, v = (stacked ? b.top : b.top + b.height / 2) - origin.top;
        const bend = stacked ? `C${x} ${(y + v) / 2} ${u} ${(y + v) / 2}` : `C${(x + u) / 2} ${y} ${(x + u) / 2} ${v}`;
        const head = stacked ? `M${u} ${v}l-4 -7h8z` : `M${u} ${v}l-7 -4v8z`;
        const faded = looked && !own ? " faded" : "";
        for (const [look, path] of [["", `M${x} ${y}${bend} ${u} ${v}`], ["end", head]]) {
          const made = document.createElementNS("http://www.w3.org/2000/svg", "path");
          made.setAttribute("class", `${data.looks[component]} ${look}${faded}`);
          made.setAttribute("d", path);
          lines.push(made);
        }
      });
      svg.replaceChildren(...lines);
    };
    document.addEventListener("machine", event => {
      const found = event.detail && event.detail.map !== "plan" ? event.detail : null;
      if (found === looked) return;
      looked = found;
      draw();
    });
    new ResizeObserver(draw).observe(sides);
  }
}
