"""Convolution, transposed convolution and pooling of sequences and images."""
