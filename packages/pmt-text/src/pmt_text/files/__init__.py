"""Text files: lines, CSV records, and the errors that name file and line."""
