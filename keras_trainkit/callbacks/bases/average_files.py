"""Averages of weights in files, one for each epoch that a run may resume at."""

import os
import re
from pathlib import Path

import numpy as np

from keras_trainkit.backend.devices.process import is_main_process
from keras_trainkit.kernels.argument_checks import bad_value
from keras_trainkit.kernels.equal_average import EqualAverage

_NAME = re.compile(r"weight_average_(\d+)\.npz")
# BackupAndRestore may be one epoch behind, if the process dies between both.
_KEPT = 2


class AverageFiles:
    """Writes and reads averages.

    Args:
        folder: Path of a folder; it is made when something is written.
    """

    def __init__(self, folder):
        self._folder = Path(folder)

    def save(self, epochs, average):
        """Writes the average after so many epochs; older files go."""
        if not is_main_process():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(epochs)
        arrays = {f"array_{i}": a for i, a in enumerate(average.arrays)}
        # A process that dies while it writes leaves no half of a file.
        with open(path.with_suffix(".part"), "wb") as file:
            np.savez(file, count=average.count, **arrays)
        os.replace(path.with_suffix(".part"), path)
        for old in self._found()[:-_KEPT]:
            self._path(old).unlink()

    def load(self, epochs):
        """Returns the `EqualAverage` after so many epochs.

        Raises:
            ValueError: If there is none.
        """
        if not self._path(epochs).is_file():
            raise bad_value(
                "backup_dir",
                str(self._folder),
                f"a folder with the average after {epochs} epochs, at which "
                f"this `fit` begins; it has those after {self._found()}",
                "Begin anew, at epoch 0.",
            )
        with np.load(self._path(epochs)) as file:
            count = int(file["count"])
            arrays = [file[f"array_{i}"] for i in range(len(file.files) - 1)]
        return EqualAverage(count, arrays)

    def clear(self):
        """Removes all files, and the folder if it is empty then."""
        if not is_main_process() or not self._folder.is_dir():
            return
        for epochs in self._found():
            self._path(epochs).unlink()
        if not any(self._folder.iterdir()):
            self._folder.rmdir()

    def _path(self, epochs):
        return self._folder / f"weight_average_{epochs}.npz"

    def _found(self):
        if not self._folder.is_dir():
            return []
        names = (_NAME.fullmatch(one.name) for one in self._folder.iterdir())
        return sorted(int(name[1]) for name in names if name)
