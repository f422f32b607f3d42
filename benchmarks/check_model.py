"""What `diagnostics.check_model` finds and calls broken, per family.

    python benchmarks/check_model.py [sound] [planted] [real]

Runs the check over the programs of `tests/corpus`: sound ones (every error or
warning there is a false alarm), planted faults, of which one half was written
by somebody who had not seen the rules, and programs rebuilt from public
questions, with their repairs.
"""

import argparse
import sys
import time
from pathlib import Path

import keras

sys.path.insert(0, str(Path(__file__).parents[1]))

from device import announce

from keras_trainkit.diagnostics import check_model
from tests.corpus import known_faults
from tests.corpus import planted_faults
from tests.corpus import real_programs
from tests.corpus import score
from tests.corpus import sound_models


def findings_on(program):
    """Returns the findings of the check on a `Program`."""
    report = check_model(
        program.model,
        program.x,
        program.y,
        batch_size=program.batch_size,
        epochs=program.epochs,
        validation_data=program.validation_data,
    )
    return report.findings


def faults(title, programs, families=None, advice=False):
    scores = score.score_faults(programs, findings_on, families, advice)
    named = score.programs_named(scores).values()
    print(f"\n== {title}: {sum(named)} of {len(named)} programs named")
    print(score.fault_table(scores))
    for one in score.missed(scores):
        print(f"missed: {one.program}: {one.fault.sentence}")


def alarms(title, programs):
    scores = score.score_alarms(programs, findings_on)
    called = sum(1 for one in scores if one.errors or one.warnings)
    print(f"\n== {title}: {called} of {len(scores)} called broken")
    print(score.alarm_table(scores))
    print(f"alarms a program: {score.alarms_per_program(scores):.2f}")


def families_of(package):
    return getattr(package, "FAMILIES", None)


SECTIONS = {
    "sound": lambda: alarms("sound programs", sound_models.PROGRAMS),
    "planted": lambda: (
        faults(
            "planted, the rules not seen, errors and warnings",
            planted_faults.PROGRAMS,
            families_of(planted_faults),
        ),
        faults(
            "planted, the rules not seen, advice too",
            planted_faults.PROGRAMS,
            families_of(planted_faults),
            advice=True,
        ),
        faults(
            "planted, the rules known, advice too",
            known_faults.PROGRAMS,
            families_of(known_faults),
            advice=True,
        ),
    ),
    "real": lambda: (
        faults("real programs", real_programs.PROGRAMS),
        alarms("real programs, repaired", real_programs.REPAIRED),
    ),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sections", nargs="*", choices=[[], *SECTIONS])
    chosen = parser.parse_args().sections or list(SECTIONS)
    keras.utils.set_random_seed(0)
    for name in chosen:
        started = time.perf_counter()
        SECTIONS[name]()
        print(f"({time.perf_counter() - started:.0f} s)")


if __name__ == "__main__":
    announce()
    main()
