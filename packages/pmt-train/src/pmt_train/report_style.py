"""How a report looks: in light and dark, on a screen of any width and on paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #fbfbfa; --card: #ffffff; --line: #e4e3df; --text: #22242a; --quiet: #6a6e78;
  --accent: #2d5fa8; --stripe: #f6f6f3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #17181b; --card: #1f2125; --line: #34363c; --text: #e6e6e3; --quiet: #9a9ea8;
    --accent: #8fb4ee; --stripe: #24262b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem; background: var(--page);
  color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .75rem; }
p { margin: .5rem 0; max-width: 44rem; }
.lead { color: var(--quiet); }
.cards { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.5rem 0 0; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .7rem 1rem; min-width: 8.5rem;
}
.card b { display: block; font-size: 1.45rem; line-height: 1.25; color: var(--accent);
  font-variant-numeric: tabular-nums; }
.card span { color: var(--quiet); font-size: .85rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .6rem;
  background: var(--card); width: fit-content; max-width: 100%; margin: 0 0 1.25rem; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { padding: .35rem .8rem; text-align: left; vertical-align: top; }
th { font-weight: 600; color: var(--quiet); border-bottom: 1px solid var(--line);
  vertical-align: bottom; }
tbody tr:nth-child(even) { background: var(--stripe); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.number { white-space: nowrap; }
td small { display: block; color: var(--quiet); font-size: .8rem; }
td { overflow-wrap: break-word; min-width: 3rem; }
figure { margin: 0 0 1.5rem; }
figure img { display: block; max-width: 100%; height: auto; background: #fff;
  border: 1px solid var(--line); border-radius: .6rem; padding: .5rem; }
figcaption { color: var(--quiet); font-size: .9rem; margin-top: .4rem; max-width: 44rem; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  font-size: .85rem; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .6rem;
  padding: .7rem 1rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: break-word; }
@media print { body { max-width: none; padding: 0; } figure, .card { break-inside: avoid; } }
"""
