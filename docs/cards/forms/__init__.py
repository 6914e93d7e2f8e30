"""The gradients of the cards as NumPy functions of a few lines."""
