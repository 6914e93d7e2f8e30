"""Extensions of Sphinx: formulas by KaTeX, terms of the glossary, links to sources, docstrings."""
