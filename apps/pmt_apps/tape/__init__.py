"""Small computations on the tape, step by step: for the page of `pmt serve`."""
