"""Training: `Trainer`, optimizers, schedules, metrics, checkpoints, workers, and the app kit.

Read `trainer.py` (one step), `optimizer.py` with `adamw.py` (the update) and `training_loop.py`
(the epochs; `batch_loop.py` is what one is made of). What all apps share, from the command line
to the report, begins in `app_main.py`.
matplotlib is imported when the first picture is made, not before.
"""

from pmt_train.accuracy import accuracy
from pmt_train.adagrad import Adagrad
from pmt_train.adam import Adam
from pmt_train.adamw import AdamW
from pmt_train.allocator import keep_freed_memory
from pmt_train.app_main import exit_code_of, run_app
from pmt_train.app_settings import AppSettings
from pmt_train.arrow_map import arrow_map
from pmt_train.attention_plot import AttentionMap, attention_plot
from pmt_train.auc import roc_auc
from pmt_train.averaged_f1 import averaged_f1
from pmt_train.batches import Batch, Epochs
from pmt_train.bleu import BleuScore, bleu
from pmt_train.bootstrap import Interval, bootstrap_interval
from pmt_train.calibration import (
    CalibrationBins,
    calibration_bins,
    expected_calibration_error,
)
from pmt_train.checkpoint import Checkpoint, TrainingState, load_checkpoint, save_checkpoint
from pmt_train.clip import clip_factor, global_norm
from pmt_train.clip_value import clip_values
from pmt_train.confusion import confusion_matrix
from pmt_train.confusion_plot import confusion_plot
from pmt_train.download import download, download_from_any
from pmt_train.early_stopping import EarlyStopping, Mode
from pmt_train.entity_confusion import NO_ENTITY, entity_confusion
from pmt_train.entity_f1 import EntityScores, entity_scores
from pmt_train.entity_markup import entity_legend, entity_markup
from pmt_train.entity_plot import entity_plot
from pmt_train.epoch_trainer import EpochModel, EpochReport, EpochTrainer
from pmt_train.f1 import PrecisionRecallF1, precision_recall_f1
from pmt_train.figure import figure_saved_to
from pmt_train.file_fingerprint import FileFingerprint, file_fingerprint
from pmt_train.flat_gradients import FlatGradients
from pmt_train.flat_parameters import FlatParameters
from pmt_train.grey_image import grey_bytes, load_grey_image
from pmt_train.history import History, Row
from pmt_train.image_batches import ImageBatch, ImageBatches
from pmt_train.image_grid import image_grid
from pmt_train.input_file import check_input_file
from pmt_train.interrupt import Interrupt, TrainingInterrupted
from pmt_train.labelled_images import LabelledImages
from pmt_train.learner import Learner
from pmt_train.learning_curves import learning_curves
from pmt_train.learning_rate_plot import learning_rate_plot
from pmt_train.learning_rate_search import LearningRateSearch, search_learning_rate
from pmt_train.lion import Lion
from pmt_train.matthews import matthews_correlation
from pmt_train.metrics_file import write_metrics
from pmt_train.mnist_files import MNIST_CLASSES, MNIST_SHA256, MNIST_SIZE, MnistFiles, load_mnist
from pmt_train.mpi_ranks import MpiRanks, launched_ranks
from pmt_train.one_cycle import one_cycle
from pmt_train.optimizer import Optimizer, OptimizerMaker
from pmt_train.option import option
from pmt_train.parameter_group import ParameterGroup
from pmt_train.parameter_slot import ParameterSlot
from pmt_train.peak_memory import peak_rss_mb
from pmt_train.perplexity import perplexity
from pmt_train.plot_label import plot_label
from pmt_train.predict_batches import predict_batches
from pmt_train.predict_lines import predict_lines
from pmt_train.progress import progress_bar, say, warn
from pmt_train.ranks import Ranks, SoloRank
from pmt_train.reduce_on_plateau import ReduceOnPlateau
from pmt_train.reliability_plot import reliability_plot
from pmt_train.report import Report
from pmt_train.rmsprop import RMSProp
from pmt_train.run import Run
from pmt_train.run_folder import RunFolder
from pmt_train.schedule import (
    Schedule,
    constant,
    cosine,
    exponential,
    inverse_sqrt,
    linear,
    preview,
    step_decay,
    warmup,
)
from pmt_train.schedule_sequence import in_sequence
from pmt_train.settings_file import load_settings, save_settings
from pmt_train.settings_parser import parse_settings
from pmt_train.sgd import SGD
from pmt_train.share_bars import share_bars
from pmt_train.shift_images import shift_images
from pmt_train.stage_history import join_histories
from pmt_train.surprise_plot import surprise_plot
from pmt_train.text_table import text_table
from pmt_train.thread_ranks import run_thread_ranks
from pmt_train.tokenize_13a import tokenize_13a
from pmt_train.trainer import Loss, StepResult, Trainer
from pmt_train.training_event import Callback, Callbacks, EventName, TrainingEvent
from pmt_train.transition_plot import transition_plot
from pmt_train.versions import versions
from pmt_train.weight_average import WeightAverage
from pmt_train.weight_decay import Decays, decays_matrices
from pmt_train.workers import Workers, core_count

__all__ = [
    "Adagrad",
    "Adam",
    "AdamW",
    "AppSettings",
    "AttentionMap",
    "Batch",
    "BleuScore",
    "CalibrationBins",
    "Callback",
    "Callbacks",
    "Checkpoint",
    "Decays",
    "EarlyStopping",
    "EntityScores",
    "EpochModel",
    "EpochReport",
    "EpochTrainer",
    "Epochs",
    "EventName",
    "FileFingerprint",
    "FlatGradients",
    "FlatParameters",
    "History",
    "ImageBatch",
    "ImageBatches",
    "Interrupt",
    "Interval",
    "LabelledImages",
    "Learner",
    "LearningRateSearch",
    "Lion",
    "Loss",
    "MNIST_CLASSES",
    "MNIST_SHA256",
    "MNIST_SIZE",
    "MnistFiles",
    "Mode",
    "MpiRanks",
    "NO_ENTITY",
    "Optimizer",
    "OptimizerMaker",
    "ParameterGroup",
    "ParameterSlot",
    "PrecisionRecallF1",
    "RMSProp",
    "Ranks",
    "ReduceOnPlateau",
    "Report",
    "Row",
    "Run",
    "RunFolder",
    "SGD",
    "Schedule",
    "SoloRank",
    "StepResult",
    "Trainer",
    "TrainingEvent",
    "TrainingInterrupted",
    "TrainingState",
    "WeightAverage",
    "Workers",
    "accuracy",
    "attention_plot",
    "averaged_f1",
    "bleu",
    "bootstrap_interval",
    "calibration_bins",
    "check_input_file",
    "clip_factor",
    "clip_values",
    "confusion_matrix",
    "confusion_plot",
    "constant",
    "core_count",
    "cosine",
    "decays_matrices",
    "download",
    "download_from_any",
    "entity_confusion",
    "entity_legend",
    "entity_markup",
    "entity_plot",
    "entity_scores",
    "exit_code_of",
    "expected_calibration_error",
    "exponential",
    "figure_saved_to",
    "file_fingerprint",
    "global_norm",
    "grey_bytes",
    "image_grid",
    "in_sequence",
    "inverse_sqrt",
    "join_histories",
    "keep_freed_memory",
    "launched_ranks",
    "learning_curves",
    "learning_rate_plot",
    "linear",
    "load_checkpoint",
    "load_grey_image",
    "load_mnist",
    "load_settings",
    "matthews_correlation",
    "one_cycle",
    "option",
    "parse_settings",
    "peak_rss_mb",
    "perplexity",
    "plot_label",
    "precision_recall_f1",
    "predict_batches",
    "predict_lines",
    "preview",
    "progress_bar",
    "reliability_plot",
    "roc_auc",
    "run_app",
    "run_thread_ranks",
    "save_checkpoint",
    "save_settings",
    "say",
    "search_learning_rate",
    "shift_images",
    "step_decay",
    "surprise_plot",
    "text_table",
    "tokenize_13a",
    "transition_plot",
    "versions",
    "warmup",
    "warn",
    "write_metrics",
    "arrow_map",
    "share_bars",
]
