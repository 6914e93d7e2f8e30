"""Pre-trained tokenizers: the stages that a tokenizer.json names, and what joins them."""
