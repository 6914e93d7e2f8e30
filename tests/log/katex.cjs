// Renders formulas with KaTeX. Standard input: [{tex, display}, ...]; output: [[index, message], ...].
// Usage: node katex.cjs FOLDER, where FOLDER/node_modules holds katex.
"use strict";
const fs = require("fs");
const path = require("path");
const katex = require(path.join(process.argv[2], "node_modules", "katex"));

const errors = [];
JSON.parse(fs.readFileSync(0, "utf8")).forEach(({ tex, display }, index) => {
  try {
    katex.renderToString(tex, { displayMode: display, throwOnError: true, strict: "error" });
  } catch (error) {
    errors.push([index, error.message]);
  }
});
process.stdout.write(JSON.stringify({ version: katex.version, errors }));
