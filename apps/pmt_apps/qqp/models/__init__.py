"""The models of question pairs: a Transformer and its baselines."""
