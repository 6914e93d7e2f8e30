"""`READERS`: every reader of files from elsewhere, by name. A new reader is one entry."""

from __future__ import annotations

from campaigns.fuzz.readers.arrays import ARRAY_READERS
from campaigns.fuzz.readers.classification import CLASSIFICATION_READERS
from campaigns.fuzz.readers.downloads import DOWNLOAD_READERS
from campaigns.fuzz.readers.encoders import ENCODER_READERS
from campaigns.fuzz.readers.images import IMAGE_READERS
from campaigns.fuzz.readers.pretraining import PRETRAINING_READERS
from campaigns.fuzz.readers.reader import Reader
from campaigns.fuzz.readers.requests import REQUEST_READERS
from campaigns.fuzz.readers.runs import RUN_READERS
from campaigns.fuzz.readers.self_test import SELF_TEST
from campaigns.fuzz.readers.states import STATE_READERS
from campaigns.fuzz.readers.texts import TEXT_READERS
from campaigns.fuzz.readers.training_data import DATA_READERS
from campaigns.fuzz.readers.vectors import VECTOR_READERS

READERS: dict[str, Reader] = {
    reader.name: reader
    for reader in (
        *ARRAY_READERS,
        *IMAGE_READERS,
        *TEXT_READERS,
        *VECTOR_READERS,
        *STATE_READERS,
        *RUN_READERS,
        *DATA_READERS,
        *CLASSIFICATION_READERS,
        *DOWNLOAD_READERS,
        *ENCODER_READERS,
        *PRETRAINING_READERS,
        *REQUEST_READERS,
    )
}

ALL_READERS: dict[str, Reader] = {**READERS, **SELF_TEST}
"""With those that the campaign itself is tested with."""
