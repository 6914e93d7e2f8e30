"""Training of word2vec by hand-derived gradients, in one process or in several."""
