"""Archives of named arrays: `.npz` and `.safetensors`, read within limits, written atomically."""
