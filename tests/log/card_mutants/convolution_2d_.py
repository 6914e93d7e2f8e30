"""Wrong variants of the gradients of a convolution in 2-D; each must turn the check red."""

MUTANTS = {
    "convolution_2d_gradients": [
        (
            "stride is forgotten",
            "top, left = stride * row, stride * column",
            "top, left = row, column",
        ),
        ("windows overwrite each other", "window +=", "window[...] ="),
        (
            "the kernel is turned around",
            '->cij", grad[:, row, column], kernel)',
            '->cij", grad[:, row, column], kernel[:, :, ::-1, ::-1])',
        ),
        (
            "the kernel's gradient is turned around",
            "by_x, by_kernel,",
            "by_x, by_kernel[:, :, ::-1, ::-1],",
        ),
        ("mean over the places for the bias", "grad.sum", "grad.mean"),
        ("bias summed over the channels", "axis=(1, 2)", "axis=(0, 1)"),
        ("the gradient is not cropped", "return by_x,", "return by_padded,"),
        ("cropped from the corner", "padding : padding + x.shape[1]", ": x.shape[1]"),
        ("sign", "window +=", "window -="),
    ]
}
