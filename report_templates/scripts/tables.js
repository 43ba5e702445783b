"use strict";
(() => {
  const all = (q, e = document) => [...e.querySelectorAll(q)];
  const said = document.getElementById("said");

  // Tables that sort: a button in each header that may be sorted by.
  for (const table of all("table.tools")) {
    const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
    const first = new Map([...body.rows].map((row, i) => [row, i])); // ties keep the page's own order
    heads.forEach((head, column) => {
      if (!head.dataset.sort) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const usual = head.dataset.sort === "number" && !/^(Run|Rank|Time|Epochs)/.test(head.textContent) ? "descending" : "ascending";
        const now = head.getAttribute("aria-sort");
        const next = now === null ? usual : now === "ascending" ? "descending" : "ascending";
        heads.forEach((h) => h.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", next);
        const sign = next === "ascending" ? 1 : -1;
        const key = (row) => {
          const cell = row.cells[column], k = cell.dataset.k;
          if (head.dataset.sort === "text") return k ?? cell.textContent;
          return k === undefined ? null : Number(k);
        };
        const rows = [...body.rows].map((row) => [key(row), first.get(row), row]);
        rows.sort((a, b) => {
          if (a[0] === null || b[0] === null) return (a[0] === null) - (b[0] === null) || a[1] - b[1];
          const order = typeof a[0] === "string" ? a[0].localeCompare(b[0], "en", { numeric: true }) : a[0] - b[0];
          return sign * order || a[1] - b[1];
        });
        body.append(...rows.map((r) => r[2]));
        said.textContent = `Sorted by ${head.textContent.trim()}, ${next}`;
      });
    });
  }

  // Filter by text and status.
  for (const form of all("form.filter")) {
    const table = document.getElementById(form.dataset.for), rows = [...table.tBodies[0].rows];
    const search = form.querySelector("[type=search]"), ticks = all("[type=checkbox]", form), count = form.querySelector(".count");
    const words = rows.map((row) => row.textContent.toLowerCase());
    const apply = () => {
      const asked = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const kept = new Set(ticks.filter((t) => t.checked).map((t) => t.value));
      let shown = 0;
      rows.forEach((row, i) => {
        row.hidden = !(asked.every((w) => words[i].includes(w)) && (!row.dataset.s || kept.has(row.dataset.s)));
        shown += !row.hidden;
      });
      count.textContent = `${shown} of ${rows.length} rows`;
      said.textContent = count.textContent;
    };
    form.addEventListener("input", apply);
    form.addEventListener("submit", (e) => e.preventDefault());
    count.textContent = `${rows.length} of ${rows.length} rows`;
  }
})();
