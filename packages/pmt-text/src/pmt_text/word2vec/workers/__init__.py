"""Worker processes of word2vec on shared weights."""
