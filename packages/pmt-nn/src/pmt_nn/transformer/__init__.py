"""Transformer blocks: feed-forward, encoder, decoder."""
