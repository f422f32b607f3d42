"""Draws `report.png`: the page of a network that the doctor has watched.

    KERAS_BACKEND=torch python docs/images/draw_report.py

Needs Chromium.
"""

import subprocess
import tempfile
from pathlib import Path

import keras
from sklearn.datasets import load_digits

import keras_trainkit as ktk

HERE = Path(__file__).parent
SIZE = "1000,2300"


def watched():
    """Returns the report on ten layers of sigmoids, on pixels of 0 to 16."""
    keras.utils.set_random_seed(0)
    x, y = load_digits(return_X_y=True)
    hidden = [
        keras.layers.Dense(32, activation="sigmoid", name=f"hidden_{i}")
        for i in range(8)
    ]
    model = keras.Sequential(
        [
            keras.Input((64,)),
            *hidden,
            keras.layers.Dense(10, activation="softmax", name="digit"),
        ]
    )
    model.compile(
        "sgd", "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    doctor = ktk.callbacks.TrainingDoctor(verbose=0)
    model.fit(
        x,
        y,
        validation_split=0.2,
        epochs=15,
        verbose=0,
        callbacks=[doctor],
    )
    return doctor.report()


def main():
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        watched().to_html(page)
        subprocess.run(
            [
                "chromium",
                "--headless",
                "--no-sandbox",
                "--hide-scrollbars",
                f"--user-data-dir={folder}/profile",
                f"--screenshot={HERE / 'report.png'}",
                f"--window-size={SIZE}",
                page.as_uri(),
            ],
            check=True,
            stderr=subprocess.DEVNULL,
        )


if __name__ == "__main__":
    main()
