"""The site: pages of docs/ for Sphinx, the API reference, notebooks, and their checks."""
