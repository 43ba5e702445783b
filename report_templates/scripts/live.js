"use strict";
// The page of a running command: loaded again now and then, and where the reader was kept over that.
(() => {
  const EVERY = 20e3, SILENT = 120e3, QUIET = 3e3, TYPING = 15e3; // milliseconds
  const KEY = `live ${location.pathname}`;
  const all = (q, e = document) => [...e.querySelectorAll(q)];
  const said = document.getElementById("said"), banner = document.querySelector(".live[data-heard]");
  const counts = banner ? banner.dataset.counts : null, heard = banner ? Number(banner.dataset.heard) : 0;
  const silent = Boolean(banner) && Date.now() - heard > SILENT;

  // An element in words that the page's next version understands: the id around it, and which of its kind it is there.
  const word = (e, q) => {
    const home = e.id ? e : e.closest("[id]") || document.body;
    return [home.id, e === home ? -1 : all(q, home).indexOf(e)];
  };
  const found = ([id, at], q) => {
    const home = id ? document.getElementById(id) : document.body;
    return home && (at < 0 ? home : all(q, home)[at]);
  };
  const FOCUS = "a[href],button,input,summary,[tabindex]", PLACES = "main section[id],main details[id],main figure[id],main table[id]";
  // A folded part without an id goes by its words but for their numbers: the next version may have more such parts.
  const folds = () => {
    const seen = new Map();
    return all("details").map((d) => {
      const home = d.parentElement.closest("[id]"), words = d.firstElementChild.textContent.replace(/[\d.,]+/g, "0");
      const name = d.id ? `#${d.id}` : `${home ? home.id : ""} ${words}`, n = seen.get(name) || 0;
      seen.set(name, n + 1);
      return [`${name} ${n}`, d];
    });
  };
  const ticks = (form) => all("[type=checkbox]", form);

  const state = () => {
    const above = all(PLACES).filter((e) => e.getClientRects().length && e.getBoundingClientRect().top < 80).pop();
    return {
      counts, silent, y: scrollY,
      place: above && scrollY > 0 ? [above.id, above.getBoundingClientRect().top] : null,
      open: folds().map(([name, d]) => [name, d.open]),
      filters: all("form.filter").map((f) => [f.dataset.for, f.querySelector("[type=search]").value, ticks(f).filter((t) => !t.checked).map((t) => t.value)]),
      sorts: all("table.tools[id] [aria-sort]").map((h) => [h.closest("table").id, h.cellIndex, h.textContent, h.getAttribute("aria-sort")]),
      sides: all(".scroll").filter((e) => e.scrollLeft).map((e) => [word(e, ".scroll"), e.scrollLeft]),
      focus: document.activeElement && document.activeElement !== document.body ? word(document.activeElement, FOCUS) : null,
    };
  };

  const restore = (was) => {
    const open = new Map(was.open);
    for (const [name, d] of folds()) if (open.has(name)) d.open = open.get(name);
    for (const [id, column, title, wanted] of was.sorts) {
      const table = document.getElementById(id), head = table && table.tHead.rows[0].cells[column];
      const button = head && head.textContent === title && head.querySelector("button");
      for (let i = 0; button && i < 2 && head.getAttribute("aria-sort") !== wanted; i++) button.click();
    }
    for (const [id, typed, off] of was.filters) {
      const form = all("form.filter").find((f) => f.dataset.for === id);
      if (!form || !typed && !off.length) continue;
      form.querySelector("[type=search]").value = typed;
      ticks(form).forEach((t) => { t.checked = !off.includes(t.value); });
      form.dispatchEvent(new Event("input"));
    }
    for (const [name, left] of was.sides) { const e = found(name, ".scroll"); if (e) e.scrollLeft = left; }
    const focus = was.focus && found(was.focus, FOCUS);
    if (focus) focus.focus({ preventScroll: true });
    const place = was.place && document.getElementById(was.place[0]);
    const y = place && place.getClientRects().length ? scrollY + place.getBoundingClientRect().top - was.place[1] : was.y;
    scrollTo({ top: y, behavior: "instant" });
  };

  let was = null;
  try {
    was = JSON.parse(sessionStorage.getItem(KEY));
    sessionStorage.removeItem(KEY);
  } catch { /* no storage: the page begins at its top */ }
  if (performance.getEntriesByType("navigation").some((n) => n.type !== "reload")) was = null;
  const tell = () => {
    if (silent) return was && was.silent ? "" : banner.querySelector(".silent").textContent;
    if (!was || was.counts === counts) return "";
    return banner ? `Page updated${counts && `: ${counts}`}` : "Page updated: the command has ended";
  };
  if (silent) {
    const then = new Date(heard), two = (n) => String(n).padStart(2, "0");
    const day = then.toDateString() === new Date().toDateString() ? "" : `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())} `;
    banner.querySelector(".silent span").textContent = `${day}${two(then.getHours())}:${two(then.getMinutes())}`;
    banner.querySelector(".running").remove();
    banner.querySelector(".silent").hidden = false;
    banner.classList.add("unheard");
  }
  const settle = () => {
    if (was) restore(was);
    said.textContent = ""; // what restoring has said, which is no news
  };
  settle();
  addEventListener("load", () => setTimeout(() => { // after the browser's own jump to the address's part
    settle();
    history.scrollRestoration = banner ? "manual" : "auto";
    setTimeout(() => { said.textContent = tell(); }, 500);
  }));
  if (!banner) return;

  let touched = 0;
  for (const kind of ["keydown", "input", "pointerdown", "wheel", "touchmove", "scroll"]) {
    addEventListener(kind, () => { touched = Date.now(); }, { capture: true, passive: true });
  }
  const busy = () => document.hidden || !getSelection().isCollapsed
    || Date.now() - touched < (document.activeElement && document.activeElement.matches("input,select,textarea") ? TYPING : QUIET);
  const loaded = Date.now();
  const look = () => {
    const now = Date.now();
    if (!busy() && (now - loaded > EVERY || !silent && now - heard > SILENT)) location.reload();
  };
  setInterval(look, 1000);
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", () => {
    try { sessionStorage.setItem(KEY, JSON.stringify(state())); } catch { /* as above */ }
  });
})();
