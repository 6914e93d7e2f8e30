"""Plots of training and of what a model does."""
