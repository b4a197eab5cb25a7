// Tables that a click on a column's heading sorts.

function sortable(table) {
  const heads = [...table.querySelectorAll("thead th")], body = table.tBodies[0];
  const value = (row, i) => {
    const shown = row.cells[i].textContent.trim(), plain = shown.replaceAll("−", "-").replaceAll(",", "");
    return plain !== "" && Number.isFinite(+plain) ? +plain : shown;
  };
  const missing = (x) => x === "" || x === "undefined";
  const compare = (a, b) => {
    if (missing(a) || missing(b)) return missing(a) - missing(b);
    return typeof a === typeof b ? (a < b ? -1 : +(a > b)) : typeof a === "number" ? -1 : 1;
  };
  heads.forEach((head, i) => {
    const button = make("button", { type: "button", text: head.textContent });
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const falls = head.getAttribute("aria-sort") === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", falls ? "descending" : "ascending");
      const keyed = [...body.rows].map((row) => [value(row, i), row]);
      // What is missing stays at the end, either way.
      keyed.sort(([a], [b]) => (missing(a) || missing(b) || !falls ? compare(a, b) : compare(b, a)));
      body.append(...keyed.map(([, row]) => row));
    });
  });
}

for (const table of document.querySelectorAll(".sortable table")) sortable(table);
