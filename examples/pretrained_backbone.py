"""A `keras.applications` backbone fine-tuned on a folder of images.

The folder holds one folder of images per class; without `--images` a small
one is made of the digits that come with scikit-learn. Run as

    python examples/pretrained_backbone.py
    python examples/pretrained_backbone.py --weights imagenet --images photos
    python examples/pretrained_backbone.py --backbone EfficientNetV2B0 \\
        --weights imagenet --image-size 224 --images photos

(needs pillow; scikit-learn where no folder is given). A new head is
trained first, then all layers with a tenth of the learning rate, in one `fit`
with FineTuning and OneCycle. It prints the stages, the accuracy on the images
held out, a few predictions, and by how much those of the saved and reloaded
model differ: 0. Without `--weights imagenet` (a download) the backbone is
random: that shows that the script runs, not what transfer gains.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np

import keras_trainkit as ktk

SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp", ".gif"}


class ImageFolder(keras.utils.PyDataset):
    """Batches of images from files, on any backend, shuffled if training."""

    def __init__(self, files, labels, size, batch_size, training):
        super().__init__()
        self.files, self.labels = np.array(files), np.array(labels)
        self.size, self.batch_size = size, batch_size
        self.training = training
        self.order = np.arange(len(files))
        self.on_epoch_end()

    def __len__(self):
        # A short batch is a shape of its own, compiled for it alone: training
        # leaves it out, another one in each epoch.
        if self.training:
            return max(1, len(self.files) // self.batch_size)
        return -(-len(self.files) // self.batch_size)

    def __getitem__(self, index):
        start = index * self.batch_size
        at = self.order[start : start + self.batch_size]
        images = [
            keras.utils.img_to_array(
                keras.utils.load_img(file, target_size=(self.size, self.size))
            )
            for file in self.files[at]
        ]
        return np.stack(images), self.labels[at]

    def on_epoch_end(self):
        if self.training:
            np.random.shuffle(self.order)


def read_folder(folder, size, batch_size):
    """Returns a training and a test dataset, and the names of the classes."""
    folders = sorted(path for path in Path(folder).iterdir() if path.is_dir())
    files = [
        (str(path), label)
        for label, one in enumerate(folders)
        for path in sorted(one.iterdir())
        if path.suffix.lower() in SUFFIXES
    ]
    if len(folders) < 2 or len(files) < 10:
        raise SystemExit(
            f"{folder}: expected a folder of images for each class; found "
            f"{len(folders)} folders with {len(files)} images."
        )
    np.random.default_rng(0).shuffle(files)
    cut = len(files) // 5
    test = ImageFolder(*zip(*files[:cut], strict=True), size, batch_size, False)
    train = ImageFolder(*zip(*files[cut:], strict=True), size, batch_size, True)
    return train, test, [path.name for path in folders]


def make_folder(folder, per_class=50):
    """Writes images of three digits, as an example of what is expected."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    for label, name in enumerate(("zero", "one", "two")):
        (folder / name).mkdir()
        images = digits.images[digits.target == label][:per_class]
        for i, image in enumerate(images):
            # 0 to 16 there, 0 to 255 in a file; 64 pixels wide.
            large = np.kron(image / 16 * 255, np.ones((8, 8)))[..., None]
            path = folder / name / f"{i}.png"
            keras.utils.save_img(path, large, scale=False)


def build(args, classes):
    """Returns the whole model, from pixels of 0 to 255 to probabilities."""
    application = getattr(keras.applications, args.backbone)
    # Every backbone wants its pixels in another form, and its module knows it.
    preprocess = sys.modules[application.__module__].preprocess_input
    shape = (args.image_size,) * 2 + (3,)
    arguments = {} if args.alpha is None else {"alpha": args.alpha}
    backbone = application(
        include_top=False,
        weights=None if args.weights == "none" else args.weights,
        input_shape=shape,
        pooling="avg",
        name="backbone",
        **arguments,
    )
    inputs = keras.Input(shape)
    x = keras.layers.RandomTranslation(0.1, 0.1)(inputs)
    x = keras.layers.RandomZoom(0.1)(x)
    x = backbone(preprocess(x))
    x = keras.layers.Dropout(0.2)(x)
    head = keras.layers.Dense(len(classes), activation="softmax", name="head")
    return keras.Model(inputs, head(x))


def fine_tune(model, train, test, args):
    model.compile(
        keras.optimizers.SGD(momentum=0.9, nesterov=True),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    stages = {0: "head", args.epochs // 2: "all"}
    model.fit(
        train,
        epochs=args.epochs,
        verbose=2,
        callbacks=[
            # Its batch normalisation keeps the statistics it came with.
            ktk.callbacks.FineTuning(stages, verbose=1),
            ktk.callbacks.OneCycle(max_lr=args.max_lr),
        ],
    )
    accuracy = model.evaluate(test, verbose=0)[1]
    print(f"images held out: accuracy {accuracy:.3f}")
    if args.weights == "none":
        print("(chance, as the backbone is random: see --weights)")


def show(predicted, test, classes, shown=5):
    for file, row in zip(test.files[:shown], predicted, strict=False):
        best = row.argmax()
        name = "/".join(Path(file).parts[-2:])
        print(f"  {name}: {classes[best]}, {row[best]:.0%} sure")


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--backbone", default="MobileNetV2", help="in keras.applications")
    add("--weights", default="none", help="none, imagenet or a file")
    add("--alpha", type=float, help="width of a MobileNet")
    add("--images", help="a folder with a folder of images per class")
    add("--image-size", type=int, default=64)
    add("--batch-size", type=int, default=16)
    add("--epochs", type=int, default=6)
    add("--max-lr", type=float, default=0.1)
    add("--output", default="pretrained_backbone.keras")
    add("--quick", action="store_true", help="a small backbone, for tests")
    args = parser.parse_args(argv)
    if args.quick:
        args.backbone, args.alpha, args.image_size = "MobileNet", 0.25, 32
        args.epochs = 2
    return args


def main(argv=None):
    args = parse(argv)
    keras.utils.set_random_seed(0)
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.images
        if folder is None:
            folder = scratch
            make_folder(Path(scratch))
        train, test, classes = read_folder(
            folder, args.image_size, args.batch_size
        )
        model = build(args, classes)
        fine_tune(model, train, test, args)
        predicted = model.predict(test, verbose=0)
        show(predicted, test, classes)
        model.save(args.output)
        reloaded = keras.models.load_model(args.output)
        again = reloaded.predict(test, verbose=0)
    difference = float(np.abs(again - predicted).max())
    print(f"{args.output}: saved; reloaded, it differs by {difference:.1e}")
    return model, predicted, difference


if __name__ == "__main__":
    main()
