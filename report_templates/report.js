"use strict";
(() => {
  const root = document.documentElement, all = (q, e = document) => [...e.querySelectorAll(q)];
  const said = document.getElementById("said");
  root.classList.add("scripted");

  // A link to a folded part opens it, and everything it lies in.
  const reveal = () => {
    let target = null;
    try { target = document.getElementById(decodeURIComponent(location.hash.slice(1))); } catch { return; }
    if (!target) return;
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    target.scrollIntoView();
    const focus = target.tagName === "DETAILS" ? target.firstElementChild : target;
    if (!focus.matches("summary,a,button")) focus.tabIndex = -1;
    focus.focus({ preventScroll: true });
  };
  addEventListener("hashchange", reveal);
  if (location.hash) addEventListener("load", () => setTimeout(reveal)); // after the browser's own jump

  // Paper shows everything.
  let opened = [];
  addEventListener("beforeprint", () => { opened = all("details:not([open])"); opened.forEach((d) => { d.open = true; }); });
  addEventListener("afterprint", () => { opened.forEach((d) => { d.open = false; }); opened = []; });

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

  // Open or close all trials.
  for (const button of all("button.unfold")) {
    button.addEventListener("click", () => {
      const parts = all("details.trial"), open = parts.some((d) => !d.open);
      parts.forEach((d) => { d.open = open; });
      button.textContent = open ? "Close all" : "Open all";
      button.setAttribute("aria-expanded", String(open));
    });
  }

  // A figure as a file of its own: the page's colours written into it.
  const save = (name, text, type) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  for (const button of all("button.save")) {
    button.addEventListener("click", () => {
      const svg = button.closest("figure").querySelector("svg").cloneNode(true);
      const style = getComputedStyle(root), [, , wide, tall] = svg.getAttribute("viewBox").split(" ");
      svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
      svg.setAttribute("width", `${wide}pt`);
      svg.setAttribute("height", `${tall}pt`);
      svg.setAttribute("font-family", "sans-serif");
      svg.removeAttribute("style");
      const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
      ground.setAttribute("width", "100%");
      ground.setAttribute("height", "100%");
      ground.setAttribute("style", "fill:var(--fig-ground)");
      svg.querySelector("title").after(ground);
      const text = new XMLSerializer().serializeToString(svg).replace(/var\((--[\w-]+)\)/g, (_, v) => style.getPropertyValue(v).trim());
      save(`${button.dataset.name}.svg`, text, "image/svg+xml");
      said.textContent = `Saved ${button.dataset.name}.svg`;
    });
  }
})();
