"""The threads of a backend, for the examples; there is nothing to run here."""

import keras


def one_thread_on_torch():
    """On networks this small a second thread of torch doubles the time."""
    if keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(1)
