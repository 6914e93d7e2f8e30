"""Threads, process groups and MPI."""
