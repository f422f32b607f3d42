"""Learning-rate schedules for `compile`."""

from keras_trainkit.schedules.one_cycle import OneCycle

__all__ = ["OneCycle"]
