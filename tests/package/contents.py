"""What is in the files to publish: `python tests/package/contents.py FILES`."""

import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Folders of the checkout that nobody installs.
LEFT_OUT = ("benchmarks", "docs", "examples", "tests")
# Beside Python files, what the package reads while it runs.
DATA = (".html", ".css", ".js")


def names_in(path):
    """Returns the names in a wheel, or in an sdist without its top folder."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return wheel.namelist()
    with tarfile.open(path) as sdist:
        files = [member.name for member in sdist if member.isfile()]
    return [name.partition("/")[2] for name in files]


def faults(names, root=ROOT):
    """Returns what is missing among `names`, and what should not be there."""
    package = {
        path.relative_to(root).as_posix()
        for path in (root / "keras_trainkit").rglob("*")
        if path.suffix in (".py", *DATA)
    }
    missing = [f"{name} is missing" for name in sorted(package - set(names))]
    if not any(name.endswith("LICENSE") for name in names):
        missing.append("LICENSE is missing")
    odd = [
        f"{name} should not be there"
        for name in names
        if name.split("/")[0] in LEFT_OUT
        or (name.startswith("keras_trainkit/") and name not in package)
    ]
    return missing + odd


def left_behind(environment):
    """Returns what is still in an environment that should be gone."""
    return [
        path.relative_to(environment).as_posix()
        for path in sorted(environment.rglob("*"))
        if "keras_trainkit" in path.name or path.stem == "ktk"
    ]


def main(arguments):
    """Prints sizes and faults; returns the exit code."""
    found = []
    for path in map(Path, arguments):
        if path.is_dir():
            found += [f"{name} is left behind" for name in left_behind(path)]
            continue
        names = names_in(path)
        print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB, ", end="")
        print(f"{len(names)} files")
        found += [f"{path.name}: {fault}" for fault in faults(names)]
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
