"""Whole models: classifiers, taggers, encoder-decoder, language models, BERT, word2vec."""
