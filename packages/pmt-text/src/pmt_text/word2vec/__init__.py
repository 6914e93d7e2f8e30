"""Word vectors from plain text (Mikolov et al. 2013a, 2013b); pmt_text is the front door.

The way of a word: `TextCorpus` reads it, `WordCounts` gives it a number, windows say who is whose
context, and a few dozen consecutive words are learnt at a time.
"""
