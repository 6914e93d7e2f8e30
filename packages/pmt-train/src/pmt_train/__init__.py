"""Training: `Trainer`, optimizers, learning rate schedules, metrics, plots, parallel workers.

Read `trainer/trainer.py` (one step), `trainer/fit_loop.py` (epochs, evaluation, checkpoints),
`optim/optimizer.py` and `optim/adam.py` (the update). The first plot imports matplotlib.
"""

# Learning rate schedules that rise and fall
from pmt_train.cyclic_schedules import (
    CyclicMode,
    cosine_restarts_schedule,
    cyclic_schedule,
    one_cycle_schedule,
)

# Metrics
from pmt_train.metrics.bootstrap import Interval, bootstrap_interval
from pmt_train.metrics.calibration import (
    CalibrationBins,
    calibration_bins,
    expected_calibration_error,
)
from pmt_train.metrics.chrf import chrf
from pmt_train.metrics.classification import (
    PrecisionRecallF1,
    accuracy,
    averaged_f1,
    confusion_matrix,
    f_beta,
    matthews_correlation,
    precision_recall_f1,
)
from pmt_train.metrics.entities import EntityScores, entity_confusion, entity_scores
from pmt_train.metrics.roc_auc import AucAverage, MultiClass, multiclass_roc_auc, roc_auc
from pmt_train.metrics.text_generation import (
    BleuScore,
    bleu,
    perplexity,
    sentence_bleu,
    tokenize_13a,
)

# Optimizers
from pmt_train.optim.adadelta import Adadelta
from pmt_train.optim.adagrad import Adagrad
from pmt_train.optim.adam import Adam, AdamW
from pmt_train.optim.blocks import Block
from pmt_train.optim.clipping import Clipping, clip_factor, clip_grad_norm, clip_values, global_norm
from pmt_train.optim.ema import WeightAverage
from pmt_train.optim.flat_gradients import FlatGradients, ParameterSlot
from pmt_train.optim.flat_parameters import FlatParameters
from pmt_train.optim.lion import Lion
from pmt_train.optim.muon import Muon, orthogonalize
from pmt_train.optim.nadam import NAdam
from pmt_train.optim.optimizer import Optimizer
from pmt_train.optim.radam import RAdam
from pmt_train.optim.rmsprop import RMSProp
from pmt_train.optim.settings import Decays, OptimizerOptions, ParameterGroup
from pmt_train.optim.sgd import SGD

# Threads and processes
from pmt_train.parallel.malloc_tuning import keep_freed_memory
from pmt_train.parallel.mpi_group import launched_process_group
from pmt_train.parallel.process_group import ProcessGroup, SingleProcess, run_thread_group
from pmt_train.parallel.workers import Workers, check_worker_count, core_count, max_workers

# Plots
from pmt_train.plots.bars import bar_chart, entity_plot
from pmt_train.plots.comparison import curves_plot, interval_plot
from pmt_train.plots.curves import learning_curves, learning_rate_plot, reliability_plot
from pmt_train.plots.figure import figure_saved_to, plot_label
from pmt_train.plots.heatmaps import AttentionMap, attention_plot, confusion_plot, transition_plot
from pmt_train.plots.image_grid import image_grid
from pmt_train.plots.token_loss import token_loss_plot
from pmt_train.plots.vector_plot import vector_plot

# Recording of a run, for a page or a program
from pmt_train.recording.hints import TrainingHint, training_hints
from pmt_train.recording.recorder import TrainingRecorder
from pmt_train.recording.recording import RecordedLayer, RecordingFollower, TrainingRecording

# Learning rate schedules
from pmt_train.schedules import (
    Schedule,
    constant_schedule,
    cosine_schedule,
    exponential_schedule,
    in_sequence,
    inverse_sqrt_schedule,
    linear_schedule,
    multi_step_schedule,
    preview,
    step_schedule,
    warmup,
    warmup_steps,
)

# Trainer, training loop, checkpoints
from pmt_train.trainer.batches import Batch, Epochs, batches_of, predict_batches
from pmt_train.trainer.callbacks import Callback, Callbacks, EventName, TrainingEvent
from pmt_train.trainer.checkpoint import Checkpoint, TrainingState, load_checkpoint
from pmt_train.trainer.early_stopping import EarlyStopping, Mode, ReduceOnPlateau
from pmt_train.trainer.fit_loop import TrainingLoop
from pmt_train.trainer.fit_options import FitOptions
from pmt_train.trainer.history import History, Row, finite_or_none, join_histories
from pmt_train.trainer.interrupt import Interrupt, TrainingInterrupted, stopped_by_signals
from pmt_train.trainer.lr_finder import LearningRateSearch, search_learning_rate
from pmt_train.trainer.progress import progress_bar, say, warn
from pmt_train.trainer.shards import Loss, OptimizerMaker
from pmt_train.trainer.step_hook import StepHook
from pmt_train.trainer.trainable import StepResult, Trainable
from pmt_train.trainer.trainer import Trainer

# word2vec
from pmt_train.word2vec.chunk_trainer import Word2VecSampler
from pmt_train.word2vec.trainer import Word2VecTrainer
from pmt_train.word2vec.word2vec import Word2Vec, Word2VecSettings

# fmt: off
__all__ = [
    "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "AttentionMap", "AucAverage", "Batch",
    "BleuScore", "Block", "CalibrationBins", "Callback", "Callbacks", "Checkpoint", "Clipping",
    "CyclicMode", "Decays", "EarlyStopping", "EntityScores", "Epochs", "EventName", "FitOptions",
    "FlatGradients", "FlatParameters", "History", "Interrupt", "Interval", "LearningRateSearch",
    "Lion", "Loss", "Mode", "MultiClass", "Muon", "NAdam", "Optimizer", "OptimizerMaker",
    "OptimizerOptions", "ParameterGroup", "ParameterSlot", "PrecisionRecallF1", "ProcessGroup",
    "RAdam", "RMSProp", "RecordedLayer", "RecordingFollower", "ReduceOnPlateau", "Row", "Schedule",
    "SingleProcess", "StepHook", "StepResult", "Trainable", "Trainer", "TrainingEvent",
    "TrainingHint", "TrainingInterrupted", "TrainingLoop", "TrainingRecorder", "TrainingRecording",
    "TrainingState", "WeightAverage", "Word2Vec", "Word2VecSampler", "Word2VecSettings",
    "Word2VecTrainer", "Workers", "accuracy", "attention_plot", "averaged_f1", "bar_chart",
    "batches_of", "bleu", "bootstrap_interval", "calibration_bins", "check_worker_count", "chrf",
    "clip_factor", "clip_grad_norm", "clip_values", "confusion_matrix", "confusion_plot",
    "constant_schedule", "core_count", "cosine_restarts_schedule", "cosine_schedule", "curves_plot",
    "cyclic_schedule", "entity_confusion", "entity_plot", "entity_scores",
    "expected_calibration_error", "exponential_schedule", "f_beta", "figure_saved_to",
    "finite_or_none", "global_norm", "image_grid", "in_sequence", "interval_plot",
    "inverse_sqrt_schedule", "join_histories", "keep_freed_memory", "launched_process_group",
    "learning_curves", "learning_rate_plot", "linear_schedule", "load_checkpoint",
    "matthews_correlation", "max_workers", "multi_step_schedule", "multiclass_roc_auc",
    "one_cycle_schedule", "orthogonalize", "perplexity", "plot_label", "precision_recall_f1",
    "predict_batches", "preview", "progress_bar", "reliability_plot", "roc_auc", "run_thread_group",
    "say", "search_learning_rate", "sentence_bleu", "step_schedule", "stopped_by_signals",
    "token_loss_plot", "tokenize_13a", "training_hints", "transition_plot", "vector_plot", "warmup",
    "warmup_steps", "warn",
]
# fmt: on
