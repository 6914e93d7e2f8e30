"""The readers of pmt with valid samples of their files, by kind of file."""
