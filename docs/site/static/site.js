// Shows the definition of a term while the pointer or the focus is on it, within the window, and
// lets formulas scroll that are wider than the page.
"use strict";

const findWideFormulas = () => {
  for (const formula of document.querySelectorAll(":not(.formula) > .katex")) {
    formula.classList.remove("wide");
    const block = formula.closest("p, li, dd, td, th, summary, h1, h2, h3");
    const right = block && block.getBoundingClientRect().right + 1;
    if (block && formula.getBoundingClientRect().right > right) {
      formula.classList.add("wide");
    }
  }
};
window.addEventListener("load", findWideFormulas);
window.addEventListener("resize", findWideFormulas);

document.addEventListener("DOMContentLoaded", () => {
  let box = null;

  const hide = () => {
    box?.remove();
    box = null;
  };

  const show = (link) => {
    hide();
    box = document.createElement("div");
    box.className = "term-definition";
    box.id = "term-definition";
    box.setAttribute("role", "tooltip");
    box.textContent = link.dataset.definition;
    document.body.append(box);
    const at = link.getBoundingClientRect();
    const left = Math.min(at.left, window.innerWidth - box.offsetWidth - 16);
    const below = at.bottom + 6;
    const fits = below + box.offsetHeight < window.innerHeight;
    box.style.left = `${Math.max(left, 16)}px`;
    box.style.top = `${fits ? below : at.top - box.offsetHeight - 6}px`;
  };

  for (const link of document.querySelectorAll("a.term[title]")) {
    link.dataset.definition = link.title;
    link.removeAttribute("title"); // the browser would show it, too
    link.setAttribute("aria-describedby", "term-definition");
    link.addEventListener("mouseenter", () => show(link));
    link.addEventListener("focus", () => show(link));
    link.addEventListener("mouseleave", hide);
    link.addEventListener("blur", hide);
  }
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
});
