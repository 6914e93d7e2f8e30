"""`EncoderModel`: a pre-trained encoder with a layer for the classes, to be fine-tuned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.classification.encoded_texts import EncodedTexts, Rows, TextBatch, no_rows
from pmt_apps.classification.labels import LabelSet
from pmt_apps.classification.models import TextNetwork
from pmt_apps.classification.settings import Settings
from pmt_apps.classification.text_model import TextModel
from pmt_apps.encoder.encoder import Encoder
from pmt_autograd import Tensor, concat
from pmt_core import RandomStream
from pmt_nn import Bert, Dropout, Linear, masked_mean

Rng = np.random.Generator | None
