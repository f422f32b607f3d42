"""What becomes of signals and gradients in a deep network at the start?

Plain chains of equal dense layers, without normalisation, are given normal
inputs of standard deviation 1. Drawn is, layer by layer, the standard deviation
of what leaves the activation, and that of the gradient of the kernel, over the
last layer's. Pairs of activation and initializer that textbooks recommend stand
beside pairs that they warn of:

    recommended   ReLU and He, leaky ReLU and HeLeaky, SELU and LeCun,
                  tanh and Glorot, Swish and He, Swish and LSUV
    warned of     ReLU and Glorot, SELU and He, sigmoid and Glorot,
                  tanh and N(0, 1)

Run as

    python examples/signal_propagation.py
    KERAS_BACKEND=jax python examples/signal_propagation.py --depth 20

(needs matplotlib; nothing is trained). It prints both deviations behind the
first, the middle and the last layer, as medians over the seeds, and draws
`signal_propagation.png`.
"""

import argparse

import keras
import numpy as np
from matplotlib.figure import Figure
from one_thread import one_thread_on_torch

import keras_trainkit as ktk

LSUV = "LSUV"
# Name: activation, initializer of each layer.
GOOD = {
    "ReLU, He": ("relu", lambda: "he_normal"),
    "leaky ReLU, HeLeaky": (
        "leaky_relu",
        lambda: ktk.initializers.for_activation("leaky_relu"),
    ),
    "SELU, LeCun": ("selu", lambda: "lecun_normal"),
    "tanh, Glorot": ("tanh", lambda: "glorot_uniform"),
    "Swish, He": ("swish", lambda: "he_normal"),
    "Swish, LSUV": ("swish", lambda: LSUV),
}
BAD = {
    "ReLU, Glorot": ("relu", lambda: "glorot_uniform"),
    "SELU, He": ("selu", lambda: "he_normal"),
    "sigmoid, Glorot": ("sigmoid", lambda: "glorot_uniform"),
    "tanh, N(0, 1)": (
        "tanh",
        lambda: keras.initializers.RandomNormal(stddev=1.0),
    ),
}
GROUPS = {"recommended": GOOD, "warned of": BAD}
# A float32 has no smaller numbers; a logarithmic axis has no 0.
SMALLEST = 1e-38


def chain(activation, initializer, x, depth):
    """Returns a network of equal layers of the inputs' width."""
    model = keras.Sequential([keras.Input(x.shape[1:])])
    for place in range(depth):
        drawn = initializer()
        model.add(
            keras.layers.Dense(
                x.shape[1],
                activation,
                use_bias=False,
                kernel_initializer="he_normal" if drawn == LSUV else drawn,
                name=f"layer_{place}",
            )
        )
    if initializer() == LSUV:
        ktk.initializers.lsuv(model, x)
    return model


def measure(activation, initializer, seed, args):
    """Returns the deviations of activations and of gradients, by layer."""
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(args.rows, args.width)).astype("float32")
    model = chain(activation, initializer, x, args.depth)
    # A loss whose gradient at the outputs is noise, of equal size everywhere.
    model.compile("sgd", loss=lambda y, outputs: keras.ops.mean(y * outputs))
    probe = ktk.probing.forward(model, x)
    signals = [output.std for output in probe.values()]
    noise = rng.normal(size=x.shape).astype("float32")
    norms = list(ktk.probing.gradients(model, x, noise).layers.values())
    return np.array([signals, np.divide(norms, norms[-1])])


def run(args):
    """Returns `{group: {pair: medians of shape (2, layers)}}`."""
    seeds = range(args.seeds)
    return {
        group: {
            name: np.median([measure(*pair, s, args) for s in seeds], axis=0)
            for name, pair in pairs.items()
        }
        for group, pairs in GROUPS.items()
    }


def report(found):
    depth = next(iter(found["recommended"].values())).shape[1]
    places = [0, depth // 2 - 1, depth - 1]
    layers = " ".join(f"{place + 1:>8}" for place in places)
    print(f"{'':<22} signals, layer{'':<13} gradients, layer")
    print(f"{'':<22} {layers}   {layers}")
    for pairs in found.values():
        for name, values in pairs.items():
            signals, gradients = (
                " ".join(f"{one[place]:8.2g}" for place in places)
                for one in values
            )
            print(f"{name:<22} {signals}   {gradients}")


def draw(found, path):
    figure = Figure(figsize=(11, 7), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True)
    titles = (
        "standard deviation of activations",
        "of gradients, over the last",
    )
    for row, title, place in zip(panels, titles, (0, 1), strict=True):
        for axes, (group, pairs) in zip(row, found.items(), strict=True):
            axes.axhspan(0.3, 3, color="0.9")
            for name, values in pairs.items():
                layers = np.arange(1, values.shape[1] + 1)
                shown = np.maximum(values[place], SMALLEST)
                axes.plot(layers, shown, label=name)
            axes.set_yscale("log")
            axes.set_ylabel(title)
            axes.set_title(group if place == 0 else "")
            axes.legend(fontsize="small")
    for axes in panels[1]:
        axes.set_xlabel("layer")
    figure.savefig(path, dpi=100)


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--depth", type=int, default=50, help="layers")
    add("--width", type=int, default=512, help="units of each")
    add("--rows", type=int, default=256, help="inputs")
    add("--seeds", type=int, default=3)
    add("--quick", action="store_true", help="small, for tests")
    add("--output", default="signal_propagation.png")
    args = parser.parse_args(argv)
    if args.quick:
        args.depth, args.width, args.rows, args.seeds = 12, 64, 32, 1
    return args


def main(argv=None):
    args = parse(argv)
    found = run(args)
    report(found)
    draw(found, args.output)
    print(f"drawn: {args.output}")
    return found


if __name__ == "__main__":
    one_thread_on_torch()
    main()
