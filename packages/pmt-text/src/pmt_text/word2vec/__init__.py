"""Sampling for word2vec (Mikolov et al. 2013a, 2013b): `corpus/` and `sampling/`."""
