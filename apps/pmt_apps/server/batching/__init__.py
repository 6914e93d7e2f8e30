"""Batches of examples, and the processes that compute them."""
