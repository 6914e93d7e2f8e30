"""`Module` and `Parameter`, containers, initializers, and hooks on calls."""
