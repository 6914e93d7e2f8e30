"""Configuration of Sphinx for the site; `docs/site/build.py` stages the pages and calls it."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from docs.site.extensions.docstrings import linkcode_resolve  # noqa: E402, F401

project = "pmt"
author = "The pmt authors"
project_copyright = "The pmt authors, MIT license"
html_title = "Poor Man's Transformers"
repository = str(ROOT)

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.linkcode",
    "sphinx_copybutton",
    "sphinx_design",
    "docs.site.extensions.docstrings",
    "docs.site.extensions.formulas",
    "docs.site.extensions.sources",
    "docs.site.extensions.terms",
]
root_doc = "index"
nitpicky = True
default_role = "literal"
smartquotes = False

# The Markdown of GitHub: formulas in dollars and in blocks, anchors of headings, nothing else.
myst_enable_extensions = ["attrs_block", "colon_fence", "dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 6
myst_heading_anchors_html_ids = True
myst_dmath_allow_space = False
myst_dmath_allow_digits = False
myst_dmath_double_inline = True
myst_url_schemes = ["http", "https", "mailto", "site"]

# Docstrings: Google's sections, members in the order of the source.
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
autodoc_preserve_defaults = True
add_module_names = False
python_maximum_signature_line_length = 88
toc_object_entries = False

html_theme = "pydata_sphinx_theme"
html_static_path = [str(HERE / "static")]
html_favicon = str(HERE / "static" / "icon.svg")
html_context = {"default_mode": "auto"}
html_css_files = ["katex/katex.min.css", "site.css"]
html_js_files = ["site.js"]
html_math_renderer = "katex"
html_domain_indices = False
html_show_sourcelink = False
html_copy_source = False
html_permalinks_icon = "#"
html_sidebars: dict[str, list[str]] = {"index": [], "search": []}
html_theme_options = {
    "header_links_before_dropdown": 8,
    "icon_links": [],
    "logo": {"text": "pmt"},
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "navigation_with_keys": True,
    "secondary_sidebar_items": ["page-toc"],
    "search_bar_text": "Search the site",
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_exclude = ".linenos, .gp, .go"
