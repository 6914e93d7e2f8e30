"""`Trainer` (one step) and the training loop (the epochs), with checkpoints and history."""
