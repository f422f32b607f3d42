import tarfile
import zipfile

import pytest

from tests.package import contents

pytestmark = pytest.mark.one_backend
SOUND = [
    *(
        path.relative_to(contents.ROOT).as_posix()
        for path in (contents.ROOT / "keras_trainkit").rglob("*")
        if path.suffix in (".py", ".html", ".css", ".js")
    ),
    "keras_trainkit-0.1.0.dist-info/licenses/LICENSE",
]


def test_a_sound_wheel_has_no_fault():
    assert contents.faults(SOUND) == []


@pytest.mark.parametrize(
    "change, fault",
    [
        (lambda n: n[:-1], "LICENSE is missing"),
        (
            lambda n: [x for x in n if not x.endswith("style.css")],
            "keras_trainkit/diagnostics/page/style.css is missing",
        ),
        (
            lambda n: [x for x in n if x != "keras_trainkit/version.py"],
            "keras_trainkit/version.py is missing",
        ),
        (lambda n: [*n, "tests/a.py"], "tests/a.py should not be there"),
        (lambda n: [*n, "benchmarks/a.py"], "benchmarks/a.py should not be"),
        (
            lambda n: [*n, "keras_trainkit/x.npz"],
            "keras_trainkit/x.npz should not be there",
        ),
    ],
    ids=["license", "style", "module", "tests", "benchmarks", "data"],
)
def test_a_planted_fault_is_found(change, fault):
    (found,) = contents.faults(change(SOUND))
    assert found.startswith(fault)


def test_wheels_and_sdists_are_read(tmp_path):
    wheel, sdist = tmp_path / "a.whl", tmp_path / "a.tar.gz"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("keras_trainkit/a.py", "")
    with tarfile.open(sdist, "w:gz") as archive:
        archive.add(wheel, "keras_trainkit-0.1.0/keras_trainkit/a.py")
    assert contents.names_in(wheel) == ["keras_trainkit/a.py"]
    assert contents.names_in(sdist) == ["keras_trainkit/a.py"]


def test_what_is_left_behind_is_found(tmp_path, capsys):
    assert contents.main([str(tmp_path)]) == 0
    (tmp_path / "lib" / "keras_trainkit").mkdir(parents=True)
    (tmp_path / "ktk").touch()
    assert contents.main([str(tmp_path)]) == 1
    assert "lib/keras_trainkit is left behind" in capsys.readouterr().out
    assert contents.left_behind(tmp_path) == ["ktk", "lib/keras_trainkit"]
