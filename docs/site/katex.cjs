// Renders formulas with KaTeX. Standard input: [{tex, display}, ...].
// Standard output: {version, html: [HTML or null, ...], errors: [[index, message], ...]}.
// Usage: node katex.cjs FOLDER, where FOLDER/node_modules holds katex.
"use strict";
const fs = require("fs");
const path = require("path");
const katex = require(path.join(process.argv[2], "node_modules", "katex"));

const errors = [];
const html = JSON.parse(fs.readFileSync(0, "utf8")).map(({ tex, display }, index) => {
  try {
    return katex.renderToString(tex, { displayMode: display, throwOnError: true, strict: "error" });
  } catch (error) {
    errors.push([index, error.message]);
    return null;
  }
});
process.stdout.write(JSON.stringify({ version: katex.version, html, errors }));
