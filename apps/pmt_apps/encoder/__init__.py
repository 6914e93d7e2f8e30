"""Pre-trained encoders: `Encoder` joins a tokenizer, a BERT-family model and pooling."""
