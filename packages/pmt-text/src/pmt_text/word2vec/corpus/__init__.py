"""The corpus of word2vec: a stream of words, word counts, encoded tokens."""
