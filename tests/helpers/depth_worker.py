"""A process that works on a shared search, and stops in its third trial.

Says "stopped" on its standard output then, and waits to be killed.
"""

import sys
import time

import keras_trainkit as ktk
from keras_trainkit.transfer.depth_search.runs import Runs
from tests.helpers import reuse_models as zoo

SEARCH = {
    "validation_data": zoo.data(8, 1),
    "seeds": 2,
    "epochs": 1,
    "batch_size": 8,
    "rate_factors": (1.0, 0.5, 0.1),
    "verbose": 0,
}


def search(storage):
    return ktk.transfer.search_depth(
        zoo.pair(), *zoo.data(), storage=storage, **SEARCH
    )


if __name__ == "__main__":
    plain = Runs.score
    calls = []

    def stopping(self, *arguments):
        calls.append(arguments)
        if len(calls) == 6:  # the second seed of the third choice
            print("stopped", flush=True)
            time.sleep(600)
        return plain(self, *arguments)

    Runs.score = stopping
    search(sys.argv[1])
