"""Reading and writing of files: limits, JSON, atomic replacement."""
