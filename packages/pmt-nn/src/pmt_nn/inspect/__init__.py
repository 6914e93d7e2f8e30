"""Summaries of models, and capture of attention weights and outputs."""
