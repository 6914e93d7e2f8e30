"""The documents, and the programs that draw their pictures and refresh their tables."""
