"""`Module` and `Parameter`, containers, initializers, and hooks around module calls."""
