"""Handwritten digits: an MLP and a CNN."""
