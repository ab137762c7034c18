"use strict";
// The theme: what the system says, light or dark, in turn. Kept where the browser allows it.
{
  const button = document.querySelector("button.theme");
  const themes = ["system", "light", "dark"];
  const root = document.documentElement;
  const kept = { get() { try { return localStorage.getItem("placement-theme"); } catch { return null; } }, set(value) { try { localStorage.setItem("placement-theme", value); } catch { /* a file may have no storage */ } } };
  const show = theme => {
    if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme;
    button.querySelector("span").textContent = theme;
    document.dispatchEvent(new Event("theme"));
  };
  let theme = themes.includes(kept.get()) ? kept.get() : "system";
  button.hidden = false;
  show(theme);
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    kept.set(theme);
    show(theme);
  });
}
// Tables are sorted by a click on a column's head: numbers by value, largest first, and words by alphabet.
for (const table of document.querySelectorAll("table.sortable")) {
  table.tHead.addEventListener("click", event => {
    const head = event.target.closest("th");
    if (!head) return;
    const column = head.cellIndex, isNumber = head.classList.contains("number");
    const first = isNumber ? "descending" : "ascending", second = isNumber ? "ascending" : "descending";
    const order = head.getAttribute("aria-sort") === first ? second : first;
    const sign = order === "ascending" ? 1 : -1;
    const key = row => row.cells[column].dataset.key === undefined ? NaN : Number(row.cells[column].dataset.key);
    const words = new Intl.Collator(undefined, { numeric: true });
    const compare = (a, b) => {
      const one = key(a), other = key(b);
      if (Number.isNaN(one) && Number.isNaN(other)) return sign * words.compare(a.cells[column].textContent, b.cells[column].textContent);
      if (Number.isNaN(one) || Number.isNaN(other)) return Number.isNaN(one) ? 1 : -1;
      return sign * (one - other);
    };
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(compare));
  });
}
