"""Gradient kernels of word2vec: hand-derived loss and SGD updates for blocks of words."""
