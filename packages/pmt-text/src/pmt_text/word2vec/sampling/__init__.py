"""Context windows, subsampling and negative samples."""
