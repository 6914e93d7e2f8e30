"""Kill applications at random moments, resume them, and compare bits with an uninterrupted run."""
