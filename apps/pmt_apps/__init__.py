"""The applications of pmt: what a person runs and what a program imports."""
