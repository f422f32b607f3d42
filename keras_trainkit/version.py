"""The version of keras-trainkit, importable without Keras."""

__version__ = "0.1.0"
