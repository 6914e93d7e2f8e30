"""Checks of the site that was built: links, structure, names, and what a browser shows."""
