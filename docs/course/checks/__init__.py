"""Checks of the tasks, one module for each page."""
