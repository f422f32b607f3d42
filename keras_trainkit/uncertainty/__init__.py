"""Monte Carlo prediction, and how good its uncertainty is."""

from keras_trainkit.uncertainty import metrics
from keras_trainkit.uncertainty.conversion import from_mc
from keras_trainkit.uncertainty.conversion import to_mc
from keras_trainkit.uncertainty.mc_predict import mc_predict
from keras_trainkit.uncertainty.prediction import MCPrediction

__all__ = ["MCPrediction", "from_mc", "mc_predict", "metrics", "to_mc"]
