"""`tf.data` without the thread that tunes it, as a plugin of pytest.

The thread sleeps for up to a minute, and an iterator that is destroyed waits
for it. Those of fits that die, which many tests are about, live on in the
exception's traceback, until some later test stands still.
"""

import keras


def pytest_configure(config):
    """Turns it off in all datasets that are made with options, as Keras's."""
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    class Options(tf.data.Options):
        def __init__(self):
            super().__init__()
            self.autotune.enabled = False

    tf.data.Options = Options
