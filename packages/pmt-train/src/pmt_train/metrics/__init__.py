"""Metrics: classification, entities, BLEU, perplexity, calibration, intervals."""
