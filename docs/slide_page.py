"""The page of a deck: style for screen and paper, and the script that turns the slides."""

STYLE = """
:root { --ink: #33363d; --gray: #5f6470; --accent: #2359a8; }
* { box-sizing: border-box; }
html { font-family: "DejaVu Sans", Verdana, "Segoe UI", system-ui, sans-serif; color: var(--ink); }
body { margin: 0; background: #fff; font-size: min(2.6vw, 4.4vh); line-height: 1.4; }
section { min-height: 100vh; padding: 4vh 5vw 8vh; display: flex; flex-direction: column; }
.turned section { display: none; height: 100vh; min-height: 0; overflow: hidden; }
.turned section.now { display: flex; }
h1, h2 { color: var(--accent); line-height: 1.2; margin: 0 0 0.5em; }
h1 { font-size: 1.9em; } h2 { font-size: 1.25em; }
section.title, section.chapter { justify-content: center; }
section.chapter h2 { font-size: 1.7em; }
section.title ul { list-style: none; padding: 0; margin: 0 0 1em; }
section.title p { margin: 0.2em 0; font-size: 0.7em; color: var(--gray); }
ul { margin: 0; padding-left: 1.1em; } li { margin: 0 0 0.55em; }
section.chapter ul { list-style: none; padding: 0; }
em { font-style: italic; color: var(--accent); }
code { font-family: "DejaVu Sans Mono", Consolas, monospace; font-size: 0.85em; }
code { background: #eef0f4; }
svg { fill: currentColor; max-width: 100%; font-size: 1.1em; }
.formulas { margin: auto 0; font-size: 1.35em; }
.formulas p { margin: 0.5em 0; }
.formulas.n4, .formulas.n5 { font-size: 1.1em; }
.formulas.n6, .formulas.n7, .formulas.n8 { font-size: 0.85em; }
figure { flex: 1; min-height: 0; margin: 0; display: flex; flex-direction: column; }
figure img { flex: 1; min-height: 0; width: 100%; object-fit: contain; }
figcaption { font-size: 0.55em; line-height: 1.3; color: var(--gray); padding-top: 0.6em; }
#count { position: fixed; right: 1.5vw; bottom: 1.5vh; font-size: 0.5em; color: var(--gray); }
@media print {
  @page { size: 297mm 167mm; margin: 0; }
  html, body { font-size: 6.6mm; }
  section, .turned section { display: flex; height: 166mm; min-height: 0; padding: 8mm 14mm;
    break-after: page; overflow: hidden; }
  #count { display: none; }
}
"""

SCRIPT = """
const slides = [...document.querySelectorAll("section")];
const count = document.getElementById("count");
let now = 0;
function show(number) {
  now = Math.max(0, Math.min(slides.length - 1, number));
  slides.forEach((slide, i) => slide.classList.toggle("now", i === now));
  count.textContent = (now + 1) + " / " + slides.length;
  history.replaceState(null, "", "#" + (now + 1));
}
const keys = {
  ArrowRight: 1, ArrowDown: 1, PageDown: 1, " ": 1, Enter: 1,
  ArrowLeft: -1, ArrowUp: -1, PageUp: -1,
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key in keys) show(now + (event.key === " " && event.shiftKey ? -1 : keys[event.key]));
  else if (event.key === "Home") show(0);
  else if (event.key === "End") show(slides.length - 1);
  else if (event.key === "f") document.fullscreenElement
    ? document.exitFullscreen() : document.documentElement.requestFullscreen();
  else if (event.key === "p") window.print();
  else return;
  event.preventDefault();
});
let down = null;
document.addEventListener("touchstart", (event) => { down = event.changedTouches[0].clientX; });
document.addEventListener("touchend", (event) => {
  const moved = event.changedTouches[0].clientX - down;
  if (Math.abs(moved) > 50) show(now + (moved < 0 ? 1 : -1));
});
window.addEventListener("hashchange", () => show(Number(location.hash.slice(1)) - 1 || 0));
document.documentElement.classList.add("turned");
show(Number(location.hash.slice(1)) - 1 || 0);
"""

_TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="license" content="CC BY 4.0 or MIT">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>STYLE</style>
</head>
<body>
<main>
{slides}
</main>
<div id="count" aria-hidden="true"></div>
<script>SCRIPT</script>
</body>
</html>
"""


def _escaped(text: str) -> str:
    """Return text with its braces doubled, as `str.format` wants it."""
    return text.replace("{", "{{").replace("}", "}}")


PAGE = _TEMPLATE.replace("STYLE", _escaped(STYLE)).replace("SCRIPT", _escaped(SCRIPT))
