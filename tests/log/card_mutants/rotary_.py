"""Wrong gradients of rotary positions: what is wrong, the text, and what replaces it."""

MUTANTS = {
    "rotary_gradients": [
        ("turned the same way again", "-angles_of", "angles_of"),
        ("not turned", "turned(grad, -angles_of(x))", "grad"),
        ("flipped sign", "turned(grad", "-turned(grad"),
        ("twice the angle", "-angles_of(x)", "-2 * angles_of(x)"),
        ("one position too far", "-angles_of(x)", "-np.roll(angles_of(x), 1, axis=0)"),
        ("pairs in the wrong order", "-angles_of(x)", "-angles_of(x)[:, ::-1]"),
        ("half a turn too far", "-angles_of(x)", "np.pi - angles_of(x)"),
    ]
}
