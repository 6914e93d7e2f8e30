"""Word vectors: files, similarity, analogies and their evaluation."""
