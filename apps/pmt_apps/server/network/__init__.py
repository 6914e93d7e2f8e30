"""Requests and answers on connections: reading, threads, sending."""
