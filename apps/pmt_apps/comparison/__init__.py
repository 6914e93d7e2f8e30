"""`pmt compare`: runs side by side, as a table and as a page."""
