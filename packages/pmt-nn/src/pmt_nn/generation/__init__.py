"""Text generation: greedy, sampled and beam search."""
