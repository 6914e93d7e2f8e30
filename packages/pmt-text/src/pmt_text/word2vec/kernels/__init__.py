"""Gradients of word2vec, worked out by hand for blocks of words."""
