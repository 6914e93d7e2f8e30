"""The corpus of word2vec: text, word counts, encoded tokens."""
