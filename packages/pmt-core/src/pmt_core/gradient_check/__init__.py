"""Numerical checks of gradients, in float64 and float32."""
