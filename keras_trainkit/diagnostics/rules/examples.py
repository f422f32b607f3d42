"""Source text of the small programs that explain rules."""

HIDDEN = 'Dense(8, activation="relu")'
SIGMOID = 'Dense(1, activation="sigmoid")'
SOFTMAX = 'Dense(3, activation="softmax")'
ROWS = "x = np.random.default_rng(0).normal(size=(60, 4))\n"
HALVES = "y = (x[:, 0] > np.median(x[:, 0])).astype(int)\n"
LINE = "x = np.linspace(-1, 1, 80)[:, None]\ny = 10 * x"
NEURALINT = "https://arxiv.org/abs/2105.08095"


def program(*layers, loss, optimizer="adam", inputs="(4,)", data="", **more):
    """Returns the source of a `Sequential` model, compiled.

    Args:
        *layers: Strings, the layers as code after `keras.layers.`.
        loss: The loss as code, or a name.
        optimizer: The optimizer as code, or a name. Defaults to `"adam"`.
        inputs: The shape of a row, as code. Defaults to `"(4,)"`.
        data: Lines that come first. Defaults to none.
        **more: Further arguments of `compile`, as code.
    """
    compiled = ", ".join(
        [
            _quoted(optimizer),
            _quoted(loss),
            *(f"{name}={value}" for name, value in more.items()),
        ]
    )
    lines = [
        *([data] if data else []),
        "model = keras.Sequential(",
        "    [",
        f"        keras.Input({inputs}),",
        *(f"        keras.layers.{layer}," for layer in layers),
        "    ]",
        ")",
        f"model.compile({compiled})",
    ]
    return "\n".join(lines) + "\n"


def _quoted(text):
    return f'"{text}"' if text.isidentifier() else text
