"""Training samples of word2vec: subsampling, context windows, negative samples."""
