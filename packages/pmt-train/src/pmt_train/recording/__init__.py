"""The recording of a training run: written by a callback, read with limits, hints."""
