"""`python -m keras_trainkit check model.keras`: see docs/report.md."""

import sys

from keras_trainkit.command_line import main

if __name__ == "__main__":
    sys.exit(main())
