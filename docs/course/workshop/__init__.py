"""Tasks, checks, and the tool behind `hatch run learn`."""
