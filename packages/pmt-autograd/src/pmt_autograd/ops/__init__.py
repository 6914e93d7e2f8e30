"""The operations on tensors, each a NumPy function that returns its value and its backward."""
