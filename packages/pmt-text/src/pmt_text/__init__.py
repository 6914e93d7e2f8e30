"""Text into arrays: tokenizers, vocabularies, corpus loaders, batches by length.

It knows no tape and needs nothing but NumPy and pmt_core.
"""

from pmt_text.batch_phases import BatchPhases
from pmt_text.encoded_pairs import EncodedPairs
from pmt_text.length_batches import LengthBatches
from pmt_text.linked_groups import linked_groups
from pmt_text.mask_tokens import NOT_MASKED, MaskedTokens, mask_tokens
from pmt_text.mined_negatives import mine_negatives
from pmt_text.normalize import normalize
from pmt_text.overlap import Threshold, best_threshold, jaccard, overlap_scores
from pmt_text.pair_batch import PairBatch
from pmt_text.pair_encoder import PairEncoder
from pmt_text.qqp import QqpFile, load_qqp
from pmt_text.question_pair import QuestionPair
from pmt_text.question_split import split_by_question
from pmt_text.tokenize import tokenize
from pmt_text.vocabulary import CLS, MASK, PAD, SEP, SPECIAL_TOKENS, UNK, Vocabulary

__all__ = [
    "CLS",
    "MASK",
    "NOT_MASKED",
    "PAD",
    "SEP",
    "SPECIAL_TOKENS",
    "UNK",
    "BatchPhases",
    "EncodedPairs",
    "LengthBatches",
    "MaskedTokens",
    "PairBatch",
    "PairEncoder",
    "QqpFile",
    "QuestionPair",
    "Threshold",
    "Vocabulary",
    "best_threshold",
    "jaccard",
    "linked_groups",
    "load_qqp",
    "mask_tokens",
    "mine_negatives",
    "normalize",
    "overlap_scores",
    "split_by_question",
    "tokenize",
]
