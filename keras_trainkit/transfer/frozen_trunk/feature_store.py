"""Arrays that grow batch by batch, in memory or in files."""

import contextlib
import shutil
import tempfile
import weakref
from pathlib import Path

import numpy as np

from keras_trainkit.kernels.argument_checks import bad_value

# One gibibyte.
MEMORY_LIMIT = 2**30
_MAGIC = b"\x93NUMPY\x01\x00"
_HEADER = 512


class FeatureStore:
    """Collects the batches of one or several arrays, up to a size in memory.

    What gets larger is written to files, one for each array, which `arrays`
    maps into memory. To be used as a context: where an exception leaves it,
    the files are removed.

    Args:
        memory_limit: Number of bytes. For a moment, joining the batches takes
            as much once more.
        folder: Path of the folder for the files; everything is written to
            them then, and they stay. Files of an earlier call are replaced
            when the new ones are complete; who has mapped them keeps them.
            Defaults to `None`: a temporary folder, which is removed with the
            last of the arrays.
    """

    def __init__(self, memory_limit, folder=None):
        self._limit = memory_limit
        self._target, self._temporary = folder, folder is None
        self._folder = None
        self._kinds = None
        self._batches, self._files = [], []
        self._open_files = contextlib.ExitStack()
        self._rows = self._bytes = 0

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self._close()
        if kind is not None:
            self.remove()

    @property
    def bytes_in_memory(self):
        """How much of the limit is used."""
        return 0 if self._files else self._bytes

    def add(self, arrays):
        """Adds the next rows of every array.

        Raises:
            ValueError: If they differ in shape from those before.
        """
        arrays = [np.ascontiguousarray(array) for array in arrays]
        kinds = [(array.dtype, array.shape[1:]) for array in arrays]
        if self._kinds is None:
            self._kinds, self._batches = kinds, [[] for _ in arrays]
        if kinds != self._kinds:
            raise bad_value(
                "x",
                kinds,
                f"such that the features of all batches are alike: "
                f"{self._kinds} as of the first",
                "Pad the inputs to one length.",
            )
        self._rows += len(arrays[0])
        self._bytes += sum(array.nbytes for array in arrays)
        for array, batches in zip(arrays, self._batches, strict=True):
            batches.append(array)
        large = self._bytes > self._limit
        if self._files or large or not self._temporary:
            self._write()

    def arrays(self):
        """Returns the arrays, once; those in files as read-only maps."""
        if not self._files:
            joined = []
            for batches in self._batches:
                joined.append(np.concatenate(batches))
                batches.clear()
            return joined
        for file, kind in zip(self._files, self._kinds, strict=True):
            file.seek(0)
            file.write(_header(self._rows, *kind))
        self._close()
        paths = [Path(file.name) for file in self._files]
        if not self._temporary:
            paths = self._put_in_place(paths)
        maps = [np.load(path, mmap_mode="r") for path in paths]
        if self._temporary:
            self._remove_with(maps)
        return maps

    def remove(self):
        """Removes the temporary folder, whoever has a map of its files."""
        self._close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _write(self):
        if not self._files:
            self._open()
        for file, batches in zip(self._files, self._batches, strict=True):
            while batches:
                file.write(batches.pop(0).data)

    def _open(self):
        if not self._temporary:
            Path(self._target).mkdir(parents=True, exist_ok=True)
        # Beside the files that it is to replace, so that it can.
        self._folder = tempfile.mkdtemp(
            prefix="keras_trainkit_", dir=self._target
        )
        for place, kind in enumerate(self._kinds):
            path = Path(self._folder) / f"features_{place}.npy"
            file = open(path, "wb")  # noqa: SIM115, closed by the stack
            self._open_files.enter_context(file)
            file.write(_header(0, *kind))
            self._files.append(file)

    def _put_in_place(self, paths):
        """Replaces the files of an earlier call."""
        target = Path(self._target)
        moved = [path.replace(target / path.name) for path in paths]
        for old in target.glob("features_*.npy"):
            number = old.stem.removeprefix("features_")
            if number.isdecimal() and int(number) >= len(moved):
                old.unlink()
        shutil.rmtree(self._folder)
        return moved

    def _close(self):
        self._open_files.close()

    def _remove_with(self, maps):
        left = set(range(len(maps)))
        for place, one in enumerate(maps):
            # Its views keep the map itself alive.
            weakref.finalize(one.base, _done, left, place, self._folder)


def _done(left, place, folder):
    left.discard(place)
    if not left:
        shutil.rmtree(folder, ignore_errors=True)


def _header(rows, dtype, shape):
    """Returns the header of a `.npy` file, of one length for any `rows`.

    Reference: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
    """
    about = {
        "descr": np.lib.format.dtype_to_descr(dtype),
        "fortran_order": False,
        "shape": (rows, *shape),
    }
    text = repr(about).encode("latin1").ljust(_HEADER - 11) + b"\n"
    return _MAGIC + len(text).to_bytes(2, "little") + text
