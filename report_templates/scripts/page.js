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

  // Open or close all trials.
  for (const button of all("button.unfold")) {
    button.addEventListener("click", () => {
      const parts = all("details.trial"), open = parts.some((d) => !d.open);
      parts.forEach((d) => { d.open = open; });
      button.textContent = open ? "Close all" : "Open all";
      button.setAttribute("aria-expanded", String(open));
    });
  }

  // A command into the clipboard; of a page that is a file some browsers give none, but all copy what is selected.
  const copied = async (code) => {
    try { await navigator.clipboard.writeText(code.textContent); return true; } catch { /* selected instead */ }
    getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  };
  for (const button of all("button.copy")) {
    button.addEventListener("click", async () => {
      const done = await copied(button.parentElement.querySelector("code"));
      button.textContent = done ? "Copied" : "Selected";
      said.textContent = done ? "Copied to the clipboard" : "Selected: copy it with the keyboard";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
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
