"""The finals: what the answers of a reader can do together."""
