"use strict";
// The map: filters, search, keyboard, and a card that tells all of one machine. Machines are drawn by the page itself.
{
  const data = JSON.parse(document.getElementById("data").textContent);
  const card = document.getElementById("card");
  const controls = document.getElementById("controls");
  const maps = [...document.querySelectorAll(".fleet")].map(place => {
    const told = data.maps.find(map => map.name === place.dataset.map);
    const tiles = [...place.querySelectorAll(".m")];
    return { place, told, tiles, loads: told.loads, texts: null };
  });
  const count = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

  // -- filters

  // What the search looks in, machine by machine; made when it is first used.
  const textsOf = map => map.texts ??= map.told.tiles.map(([ids, state, load]) => {
    const on = map.loads[load];
    const names = on.components.map(component => data.components[component]);
    return [ids, state, on.type, on.zone, on.pool, ...names].join("\n").toLowerCase();
  });

  const filter = () => {
    const { text, component, type, zone } = Object.fromEntries(new FormData(controls));
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const picked = component === "" ? null : Number(component);
    const map = maps[0];
    const texts = words.length ? textsOf(map) : null;
    let machines = 0, copies = 0, all = 0;
    for (const tile of map.tiles) {
      const index = Number(tile.dataset.i);
      const [, , load, number] = map.told.tiles[index];
      const on = map.loads[load];
      const shown = (picked === null || on.components.includes(picked)) && (!type || on.type === type)
        && (!zone || on.zone === zone) && words.every(word => texts[index].includes(word));
      tile.parentElement.hidden = !shown;
      all += number;
      if (shown) { machines += number; copies += number * copiesOf(on, picked); }
    }
    for (const part of map.place.querySelectorAll(".group, .zone")) part.hidden = !part.querySelector("li:not([hidden])") && !!part.querySelector("li");
    map.place.classList.toggle("picked", picked !== null);
    for (const path of map.place.querySelectorAll("path.on")) path.classList.remove("on");
    if (picked !== null) for (const path of map.place.querySelectorAll(`path.c${picked}`)) path.classList.add("on");
    for (const button of document.querySelectorAll(".legend button")) button.setAttribute("aria-pressed", String(Number(button.dataset.component) === picked));
    const filtered = words.length || picked !== null || type || zone;
    const what = picked === null ? "" : ` of ${data.components[picked]}`;
    controls.elements.found.textContent = filtered ? `${machines.toLocaleString("en")} of ${count(all, "machine", "machines")}, ${count(copies, "copy", "copies")}${what}` : "";
    rove(map, visible(map)[0]);
    hide();
  };
  const copiesOf = (on, picked) => {
    if (picked === null) return on.copies;
    return on.by[on.components.indexOf(picked)];
  };
  if (controls) {
    controls.addEventListener("input", filter);
    controls.addEventListener("submit", event => event.preventDefault());
    controls.addEventListener("reset", () => setTimeout(filter));
    document.querySelector(".legend").addEventListener("click", event => {
      const button = event.target.closest("button");
      if (!button) return;
      const select = controls.elements.component;
      select.value = select.value === button.dataset.component ? "" : button.dataset.component;
      filter();
    });
  }

  // -- keyboard: one machine is in the order of tabs, arrows go to the others

  const visible = map => map.tiles.filter(tile => !tile.parentElement.hidden);
  const rove = (map, tile) => {
    for (const other of map.place.querySelectorAll('.m[tabindex="0"], .m:not([tabindex])')) other.tabIndex = -1;
    if (tile) tile.tabIndex = 0;
  };
  const middle = tile => { const box = tile.getBoundingClientRect(); return [box.left + box.width / 2, box.top + box.height / 2]; };
  const nearest = (from, tiles, down) => {
    const [x, y] = middle(from);
    let best = null, least = Infinity;
    for (const tile of tiles) {
      const [a, b] = middle(tile), ahead = down ? b - y : y - b;
      if (ahead < 8) continue;
      const far = ahead + 2 * Math.abs(a - x);
      if (far < least) { least = far; best = tile; }
    }
    return best;
  };
  const next = (map, tile, key) => {
    const tiles = visible(map), at = tiles.indexOf(tile);
    if (key === "ArrowRight") return tiles[at + 1];
    if (key === "ArrowLeft") return tiles[at - 1];
    if (key === "Home") return tiles[0];
    if (key === "End") return tiles.at(-1);
    return nearest(tile, tiles, key === "ArrowDown");
  };
  for (const map of maps) {
    rove(map, map.tiles[0]);
    map.place.addEventListener("keydown", event => {
      const tile = event.target.closest(".m");
      if (!tile || !["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", "Home", "End"].includes(event.key)) return;
      event.preventDefault();
      const other = next(map, tile, event.key);
      if (other) { rove(map, other); other.focus(); }
    });
    map.place.addEventListener("focusin", event => { const tile = event.target.closest(".m"); if (tile) { rove(map, tile); show(map, tile); } });
    map.place.addEventListener("focusout", () => hide());
    map.place.addEventListener("pointerover", event => {
      const tile = event.target.closest(".m");
      if (tile && event.pointerType !== "touch") show(map, tile);
    });
    map.place.addEventListener("pointerleave", event => { if (event.pointerType !== "touch") back(map); });
    map.place.addEventListener("click", event => { const tile = event.target.closest(".m"); if (tile) { tile.focus({ preventScroll: true }); show(map, tile); } });
  }
  document.addEventListener("keydown", event => { if (event.key === "Escape") hide(); });
  document.addEventListener("pointerdown", event => { if (!event.target.closest(".m, #card")) hide(); });

  // -- the card

  let shownFor = null;
  const hide = () => {
    card.hidden = true;
    if (shownFor) shownFor.removeAttribute("aria-describedby");
    shownFor = null;
    document.dispatchEvent(new CustomEvent("machine", { detail: null }));
  };
  const back = map => { const focused = document.activeElement; if (map.place.contains(focused) && focused.matches(".m")) show(map, focused); else hide(); };
  const add = (parent, tag, text) => { const made = document.createElement(tag); if (text !== undefined) made.textContent = text; parent.append(made); return made; };
  const names = rows => rows.map(([component, option, number]) => data.components[component] + (option ? `/${option}` : "") + (number > 1 ? ` ×${number}` : "")).join(", ") || "free";
  const show = (map, tile) => {
    if (shownFor === tile) return;
    if (shownFor) shownFor.removeAttribute("aria-describedby");
    shownFor = tile;
    const [ids, state, load] = map.told.tiles[tile.dataset.i];
    const on = map.loads[load];
    card.replaceChildren();
    add(card, "b", ids);
    add(card, "p", [on.type, on.zone, `pool ${on.pool}`, `${on.price} an hour`, ...(data.running ? [state] : [])].join(" · ")).className = "soft";
    const table = add(add(card, "table"), "tbody");
    const row = (head, text, figure) => { const line = add(table, "tr"); add(line, "td", head).className = "soft"; add(line, "td", text); add(line, "td", figure); };
    on.on.forEach((rows, k) => row(`#${k}`, names(rows), on.gib[k]));
    if (on.beside) row("host", names(on.beside), "");
    add(card, "p", `vCPUs ${on.vcpus} · host memory ${on.host}`);
    if (on.why) add(card, "p", `Why not fuller: ${on.why}.`).className = "soft";
    card.hidden = false;
    tile.setAttribute("aria-describedby", "card");
    place(tile);
    document.dispatchEvent(new CustomEvent("machine", { detail: { map: map.told.name, index: Number(tile.dataset.i) } }));
  };
  // Below the machine where there is room, else above it; a narrow screen has it at its foot (by the style sheet).
  const place = tile => {
    const box = tile.getBoundingClientRect(), wide = card.offsetWidth, high = card.offsetHeight;
    const top = box.bottom + 8 + high <= innerHeight ? box.bottom + 8 : Math.max(8, box.top - 8 - high);
    card.style.left = `${Math.max(12, Math.min(box.left, innerWidth - wide - 12))}px`;
    card.style.top = `${top}px`;
  };
  addEventListener("scroll", () => { if (shownFor) place(shownFor); }, { passive: true });
}
