"""Learning-rate schedules for `compile`."""

from keras_trainkit.schedules.one_cycle import OneCycle
from keras_trainkit.schedules.scaled import Scaled

__all__ = ["OneCycle", "Scaled"]
