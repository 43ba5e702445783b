"use strict";
// Two or more trials side by side: all that is shown is read from the trials' own parts of this page.
(() => {
  const MOST = 6, STEPS = [0.005, 0.01, 0.02, 0.04, 0.08], PREFIX = "#compare=";
  const all = (q, e = document) => [...e.querySelectorAll(q)];
  const said = document.getElementById("said");
  const parts = new Map(all("details.trial[id]").map((part) => [part.id, part]));
  if (parts.size < 2) return;

  const make = (tag, text = "", attributes = {}) => {
    const element = document.createElement(tag);
    if (text) element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const named = (id) => parts.get(id).querySelector("summary .t").textContent;

  // The selection: in the boxes, in the bar and in the address.
  let chosen = [];
  const boxes = new Map();
  const bar = make("div", "", { class: "compare-bar", role: "region", "aria-label": "Trials to compare" });
  const open = make("button", "", { type: "button" }), clear = make("button", "Clear", { type: "button" });
  const names = make("span");
  bar.append(open, names, clear);
  bar.hidden = true;
  document.body.append(bar);

  const choose = (ids) => {
    chosen = [...new Set(ids)].filter((id) => parts.has(id)).slice(0, MOST);
    for (const [id, own] of boxes) for (const box of own) box.checked = chosen.includes(id);
    bar.hidden = !chosen.length;
    open.disabled = chosen.length < 2;
    open.textContent = chosen.length < 2 ? "Compare: choose one more" : `Compare ${chosen.length} trials`;
    names.textContent = chosen.map(named).join(", ");
  };
  const keep = () => {
    const held = location.hash.startsWith(PREFIX);
    if (!chosen.length && !held) return;
    const to = chosen.length ? PREFIX + chosen.map(encodeURIComponent).join(",") : location.pathname + location.search;
    history.replaceState(null, "", to);
  };
  const toggle = (id, on) => {
    const full = on && chosen.length >= MOST;
    choose(on ? [...chosen, id] : chosen.filter((other) => other !== id));
    keep();
    said.textContent = full ? `At most ${MOST} trials` : `${chosen.length} chosen to compare`;
  };
  const box = (id) => {
    const input = make("input", "", { type: "checkbox", class: "pick", "aria-label": `Compare ${named(id)}` });
    input.addEventListener("change", () => toggle(id, input.checked));
    boxes.set(id, [...(boxes.get(id) ?? []), input]);
    return input;
  };
  for (const [id, part] of parts) part.before(box(id)); // beside its summary: a button must not lie in another
  for (const link of all(".board tbody th a[href^='#']")) {
    const id = link.getAttribute("href").slice(1);
    if (parts.has(id)) link.before(box(id));
  }

  // What a trial's part says: its settings (field -> [the baseline's, its own]), then how it ended.
  const read = (id) => {
    const [settings, facts] = [[], []], lines = parts.get(id).querySelector("pre.lines").textContent.split("\n");
    const gap = lines.indexOf("");
    lines.forEach((line, i) => {
      const [term, ...rest] = line.split("\t"), value = rest.join(" "); // no value holds a tab
      if (i < gap) settings.push([term, [rest[0], (rest[1] ?? "").slice(2)]]);
      else if (term) facts.push([term, value]);
    });
    return { id, name: named(id), settings: new Map(settings), facts: new Map(facts) };
  };
  const table = (caption, heads, rows) => {
    const made = make("table", "", { class: "data compact" }), top = make("tr"), body = make("tbody");
    heads.forEach((head) => top.append(head ? make("th", head, { scope: "col" }) : make("td")));
    for (const [first, ...cells] of rows) {
      const row = make("tr");
      row.append(make("th", first, { scope: "row" }), ...cells.map((cell) => make("td", cell)));
      body.append(row);
    }
    const head = make("thead");
    head.append(top);
    made.append(make("caption", caption), head, body);
    const scroll = make("div", "", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption });
    scroll.append(made);
    return scroll;
  };
  const settings = (trials) => {
    const fields = [...new Set(trials.flatMap((t) => [...t.settings.keys()]))];
    const rows = fields.map((field) => {
      const usual = trials.find((t) => t.settings.has(field)).settings.get(field)[0];
      return [field, ...trials.map((t) => (t.settings.has(field) ? t.settings.get(field)[1] : usual))];
    });
    return rows.filter((row) => new Set(row.slice(1)).size > 1);
  };
  const facts = (trials) => {
    const terms = [...new Set(trials.flatMap((t) => [...t.facts.keys()]))];
    return terms.map((term) => [term, ...trials.map((t) => t.facts.get(term) ?? "–")]);
  };

  // Learning curves in one drawing: all small drawings have the same two axes.
  const curves = (trials) => {
    const drawn = trials.map((t) => parts.get(t.id).querySelector(".curve svg"));
    const first = drawn.find(Boolean);
    if (!first) return null;
    const figure = make("figure", "", { class: "curve" }), key = make("figcaption"), svg = first.cloneNode(true);
    svg.querySelectorAll(".t:not(text)").forEach((line) => line.remove());
    svg.setAttribute("aria-label", `Learning curves of ${trials.map((t) => t.name).join(", ")} and the baseline`);
    trials.forEach((t, i) => {
      const line = drawn[i]?.querySelector("polyline.t")?.cloneNode();
      if (!line) return;
      line.classList.add(`k${i}`);
      svg.append(line);
      key.append(make("span", t.name, { class: `key k${i}` }), " ");
    });
    key.append(make("span", "baseline", { class: "key-b" }));
    figure.append(svg, key);
    return figure;
  };

  // Matrices of counts: from a table's cells, or from the text under a picture.
  const count = (text) => Number.parseInt(text, 10);
  const matrix = (id) => {
    const own = parts.get(id).querySelector("table.matrix"), text = parts.get(id).querySelector(".pixels pre");
    if (own) {
      const rows = [...own.tBodies[0].rows];
      return {
        caption: own.caption.textContent.trim(),
        classes: rows.map((row) => row.cells[0].textContent),
        counts: rows.map((row) => [...row.cells].slice(1).map((cell) => count(cell.textContent))),
      };
    }
    if (!text?.textContent.includes("\t")) return null;
    const rows = text.textContent.split("\n").slice(1).map((line) => line.split("\t"));
    const caption = text.parentElement.querySelector("p").textContent.trim();
    return { caption, classes: rows.map((row) => row[0]), counts: rows.map((row) => row.slice(1).map(count)) };
  };
  const total = (row) => row.reduce((sum, n) => sum + n, 0);
  const difference = (one, other) => {
    const [a, b] = [matrix(one.id), matrix(other.id)], title = `${one.name} minus ${other.name}`;
    if (!a || !b) return make("p", `${title}: no matrix of both is on this page.`);
    if (a.counts.some((row, i) => total(row) !== total(b.counts[i] ?? [])))
      return make("p", `${title}: their matrices are of different data, so counts do not subtract.`);
    const told = a.caption.split(":")[0].replace(one.name, "").trim(), its = b.caption.split(":")[0].replace(other.name, "").trim();
    if (told !== its) return make("p", `${title}: one matrix is ${told}, the other ${its}, so counts do not subtract.`);
    const made = make("table", "", { class: "matrix", style: "--em:40" }), top = make("tr"), head = make("thead"), body = make("tbody");
    top.append(make("td", "truth ↓ taken for →", { class: "corner" }));
    for (const name of a.classes) {
      const cell = make("th", "", { scope: "col" });
      cell.append(make("span", name));
      top.append(cell);
    }
    head.append(top);
    a.counts.forEach((row, i) => {
      const line = make("tr"), all = total(row) || 1;
      line.append(make("th", a.classes[i], { scope: "row" }));
      row.forEach((n, j) => {
        const step = n - b.counts[i][j], level = STEPS.filter((bound) => Math.abs(step) / all >= bound - 1e-12).length;
        const shown = step > 0 ? `+${step}` : String(step).replace("-", "−");
        line.append(make("td", shown, level ? { class: ((i === j ? step : -step) > 0 ? "p" : "n") + level } : {}));
      });
      body.append(line);
    });
    made.append(make("caption", `${title}, counts ${told}`), head, body);
    const scroll = make("div", "", { class: "scroll", tabindex: "0", role: "group", "aria-label": title });
    scroll.append(made);
    return scroll;
  };

  // The panel: a dialog, so that Escape closes it and the keyboard stays within.
  const panel = make("dialog", "", { class: "compare", "aria-labelledby": "compare-h" });
  document.body.append(panel);
  const show = () => {
    const trials = chosen.map(read), heads = trials.map((t) => t.name), differ = settings(trials);
    const close = make("button", "Close", { type: "button" }), title = make("h2", `${heads.join(", ")} side by side`);
    title.id = "compare-h";
    close.addEventListener("click", () => panel.close());
    const blocks = [close, title];
    blocks.push(differ.length ? table("Settings that differ between them", ["Setting", ...heads], differ) : make("p", "No setting that this page shows differs between them."));
    blocks.push(table("How they ended", ["", ...heads], facts(trials)));
    const drawn = curves(trials);
    if (drawn) blocks.push(drawn);
    if (trials.some((t) => matrix(t.id))) blocks.push(...trials.slice(1).map((other) => difference(trials[0], other)));
    panel.replaceChildren(...blocks);
    if (!panel.open) panel.showModal();
    close.focus();
  };
  open.addEventListener("click", show);
  clear.addEventListener("click", () => {
    choose([]);
    keep();
    said.textContent = "Nothing chosen to compare";
  });

  // The address brings a selection back.
  const restore = () => {
    if (!location.hash.startsWith(PREFIX)) return;
    const asked = location.hash.slice(PREFIX.length).split(",");
    choose(asked.flatMap((id) => { try { return [decodeURIComponent(id)]; } catch { return []; } }));
    if (chosen.length > 1) show();
  };
  addEventListener("hashchange", restore);
  restore();
})();
