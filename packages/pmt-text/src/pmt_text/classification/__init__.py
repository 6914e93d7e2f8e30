"""Text classification: labeled texts from CSV, TSV, JSON lines, TREC files and folders."""
