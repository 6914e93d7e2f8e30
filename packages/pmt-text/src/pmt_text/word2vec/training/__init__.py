"""Training of word2vec."""
