"""Metrics: classification, entities, text generation, calibration, confidence intervals."""
