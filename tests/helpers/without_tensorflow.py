"""Imported for what it does: as where TensorFlow is not installed.

Keras on JAX loads it where it can, for its random seed, which takes as long
as the rest of a small test.
"""

import sys

sys.modules.setdefault("tensorflow", None)
