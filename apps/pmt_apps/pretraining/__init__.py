"""Pre-training of an encoder on plain text by masked language modeling."""
