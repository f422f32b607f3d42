"""What the check and the doctor say of whole programs, trained.

    PYTHONPATH=. python benchmarks/training_doctor_corpus.py real

`real`: programs from public questions; `repaired`: the same, repaired;
`sound`: programs without a fault; `planted`: programs with planted faults.
A fault is hit by an error or warning of one of its topics. Trainings end after
`--seconds` each, or at the epochs of the program.
"""

import argparse
import time

import keras
from device import announce

import keras_trainkit as ktk
from tests.corpus import planted_faults
from tests.corpus import real_programs
from tests.corpus import sound_models

ALARMS = ("error", "warning")
CORPORA = {
    "real": real_programs.PROGRAMS,
    "repaired": real_programs.REPAIRED,
    "sound": sound_models.PROGRAMS,
    "planted": planted_faults.PROGRAMS,
}


class StopAfter(keras.callbacks.Callback):
    """Ends a training after some seconds."""

    def __init__(self, seconds):
        super().__init__()
        self.end = time.perf_counter() + seconds

    def on_epoch_end(self, epoch, logs=None):
        if time.perf_counter() > self.end:
            self.model.stop_training = True


def doctored(program, seconds):
    """Returns the doctor's report, or what the training raised."""
    doctor = ktk.callbacks.TrainingDoctor(verbose=0)
    try:
        program.model.fit(
            program.x,
            program.y,
            batch_size=program.batch_size,
            epochs=program.epochs or 10,
            validation_data=program.validation_data,
            shuffle=program.shuffle,
            verbose=0,
            callbacks=[doctor, StopAfter(seconds)],
        )
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:60]!r}"
    return doctor.report()


def alarms(findings):
    return [one for one in findings if one.severity in ALARMS]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", choices=CORPORA)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--only", nargs="*")
    given = parser.parse_args()
    programs = CORPORA[given.corpus]
    counts = dict.fromkeys(("programs", "check", "doctor", "both"), 0)
    for name, build in programs.items():
        if given.only and name not in given.only:
            continue
        keras.utils.set_random_seed(0)
        program = build()
        if program.x is None or not program.trains:
            continue
        arguments = {"batch_size": program.batch_size, "epochs": program.epochs}
        try:
            checked = ktk.diagnostics.check_model(
                program.model, program.x, program.y, **arguments
            ).findings
        except Exception as error:
            print(f"{name}: check_model raised {error!r}")
            checked = ()
        report = doctored(program, given.seconds)
        if isinstance(report, str):
            print(f"{name}: raised {report}", flush=True)
            continue
        seen = [alarms(checked), alarms(report.findings)]
        topics = program.topics
        right = [
            any(not topics or f.topic in topics for f in one) for one in seen
        ]
        counts["programs"] += 1
        counts["check"] += right[0]
        counts["doctor"] += right[1]
        counts["both"] += any(right)
        problems = [k for k in report.summary if k.startswith("not looked")]
        show(name, program, seen, report, right, problems)
    print(keras.backend.backend(), given.corpus, counts)


def show(name, program, seen, report, right, problems):
    marks = "".join("+" if one else "-" for one in right)
    check, doctor = ([f"{f.code}:{f.topic}" for f in one] for one in seen)
    advice = [f.code for f in report.findings if f.severity == "advice"]
    print(
        f"{marks} {name} {','.join(program.topics)} | {' '.join(check)} | "
        f"{' '.join(doctor)} | {' '.join(advice)} | "
        f"{report.summary['epochs']} epochs {problems or ''}",
        flush=True,
    )


if __name__ == "__main__":
    announce()
    main()
