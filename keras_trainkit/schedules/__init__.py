"""Learning-rate schedules for `compile`."""

from keras_trainkit.schedules.by_epoch import ByEpoch
from keras_trainkit.schedules.join import Join
from keras_trainkit.schedules.one_cycle import OneCycle
from keras_trainkit.schedules.power import Power
from keras_trainkit.schedules.scaled import Scaled
from keras_trainkit.schedules.warmup import Warmup

__all__ = ["ByEpoch", "Join", "OneCycle", "Power", "Scaled", "Warmup"]
