"use strict";
/* A button in every heading of a sortable table; without this script the headings are plain text. */
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const up = heading.getAttribute("aria-sort") !== "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", up ? "ascending" : "descending");
      const numeric = heading.classList.contains("number");
      const rows = [...body.rows].map((row) => [key(row.cells[column], numeric), row]);
      rows.sort(([a], [b]) => compare(a, b, up));
      body.append(...rows.map(([, row]) => row));
    });
  });
}

/* What a cell is sorted by: the number that it begins with, null where there is none, or its text. */
function key(cell, numeric) {
  if (!numeric) return cell.textContent.trim();
  const number = parseFloat(cell.textContent.trim().replace("−", "-").replace(/,/g, ""));
  return Number.isNaN(number) ? null : number;
}

/* Cells without a number stand last, whichever way is up. */
function compare(a, b, up) {
  if (a === null || b === null) return (a === null) - (b === null);
  const order = typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
  return up ? order : -order;
}
