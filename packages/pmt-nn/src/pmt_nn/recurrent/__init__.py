"""Recurrent layers (RNN, LSTM, GRU) and their scans over time."""
