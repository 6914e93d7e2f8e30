"""Named entities: CoNLL files, tag schemes, encoding and batches."""
