"""Recurrent layers (RNN, GRU, LSTM) and their scans over time."""
