"""Training on question pairs: word vectors, pre-training, labels, distillation."""
