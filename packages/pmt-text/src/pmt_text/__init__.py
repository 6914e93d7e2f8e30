"""Text into arrays: tokenizers, vocabularies, corpus loaders, batches by length.

It knows no tape and needs nothing but NumPy and pmt_core.
"""

from pmt_text.analogy import AnalogyMethod, analogy, analogy_scores
from pmt_text.analogy_questions import AnalogyQuestion, AnalogySection, load_analogies
from pmt_text.bag_batch import BagBatch, EncodedBags
from pmt_text.batch_phases import BatchPhases
from pmt_text.bert_words import bert_words
from pmt_text.byte_pair_encoding import BytePairEncoding
from pmt_text.character_codec import CharacterCodec
from pmt_text.conll import ConllFile, load_conll, write_conll
from pmt_text.conll_form import ConllForm
from pmt_text.corpus_text import CorpusText, load_text
from pmt_text.encoded_pairs import EncodedPairs
from pmt_text.encoded_sentences import EncodedSentences
from pmt_text.encoded_translations import EncodedTranslations
from pmt_text.evaluate_analogies import AnalogyResult, AnalogyScores, evaluate_analogies
from pmt_text.fill_by_word import VectorCoverage, fill_by_word
from pmt_text.find_words import TextWord, find_words
from pmt_text.length_batches import LengthBatches
from pmt_text.linked_groups import linked_groups
from pmt_text.mask_tokens import NOT_MASKED, MaskedTokens, mask_tokens
from pmt_text.match_marks import MATCH_MARKS, match_marks
from pmt_text.merge_learning import Pair, learn_merges
from pmt_text.mined_negatives import mine_negatives
from pmt_text.neighbour_pairs import neighbour_pairs
from pmt_text.normalize import normalize
from pmt_text.overlap import Threshold, best_threshold, jaccard, overlap_scores
from pmt_text.pair_batch import PairBatch
from pmt_text.pair_encoder import PairEncoder
from pmt_text.pair_features import PAIR_FEATURES, pair_features
from pmt_text.parallel_corpus import ParallelCorpus, load_parallel
from pmt_text.principal_components import principal_components
from pmt_text.qqp import QqpFile, load_qqp
from pmt_text.question_pair import QuestionPair
from pmt_text.question_split import split_by_question
from pmt_text.rank_correlation import average_ranks, pearson, spearman
from pmt_text.sentence_encoder import SentenceEncoder
from pmt_text.sentence_windows import sentence_windows
from pmt_text.spelling import spelled_alike
from pmt_text.split_words import split_words
from pmt_text.subword_alignment import SubwordAlignment, encode_words
from pmt_text.tag_scheme import (
    TAG_SCHEMES,
    TagScheme,
    convert_tags,
    detect_scheme,
    scheme_breaks,
    spans_to_tags,
)
from pmt_text.tag_transitions import forbidden_transitions
from pmt_text.tagged_batch import TaggedBatch
from pmt_text.tagged_sentence import TaggedSentence
from pmt_text.text_windows import (
    NO_LABEL,
    ConsecutiveWindows,
    RandomWindows,
    TextWindowBatch,
)
from pmt_text.tfidf import TfIdf
from pmt_text.token_batches import TokenBatches
from pmt_text.token_sequences import TokenSequences
from pmt_text.tokenize import tokenize
from pmt_text.translation_batch import TranslationBatch
from pmt_text.vector_similarities import VECTOR_SIMILARITIES, VectorSimilarities
from pmt_text.vocabulary import CLS, MASK, PAD, SEP, SPECIAL_TOKENS, UNK, Vocabulary
from pmt_text.word2vec.epoch_result import EpochResult, Word2VecProgress
from pmt_text.word2vec.limited_corpus import LimitedCorpus
from pmt_text.word2vec.text_corpus import TextCorpus
from pmt_text.word2vec.window_batches import WindowBatch, WindowBatches
from pmt_text.word2vec.word2vec import Word2Vec
from pmt_text.word2vec.word2vec_settings import Word2VecSettings
from pmt_text.word2vec.word2vec_training import Word2VecTraining
from pmt_text.word2vec.word_counts import WordCounts, count_words
from pmt_text.word_form import fold_word, letters_only, word_shape
from pmt_text.word_pairs import WordPair, WordPairScores, evaluate_word_pairs, load_word_pairs
from pmt_text.word_piece import WordPiece
from pmt_text.word_rarity import WordRarity
from pmt_text.word_vector_file import load_word_vectors, save_word_vectors
from pmt_text.word_vectors import Neighbour, WordVectors

__all__ = [
    "CLS",
    "MASK",
    "MATCH_MARKS",
    "NOT_MASKED",
    "NO_LABEL",
    "PAD",
    "PAIR_FEATURES",
    "SEP",
    "SPECIAL_TOKENS",
    "TAG_SCHEMES",
    "UNK",
    "VECTOR_SIMILARITIES",
    "AnalogyMethod",
    "AnalogyQuestion",
    "AnalogyResult",
    "AnalogyScores",
    "AnalogySection",
    "BagBatch",
    "BatchPhases",
    "BytePairEncoding",
    "CharacterCodec",
    "ConllFile",
    "ConllForm",
    "ConsecutiveWindows",
    "CorpusText",
    "EncodedBags",
    "EncodedPairs",
    "EncodedSentences",
    "EncodedTranslations",
    "EpochResult",
    "LengthBatches",
    "LimitedCorpus",
    "MaskedTokens",
    "Neighbour",
    "Pair",
    "PairBatch",
    "PairEncoder",
    "ParallelCorpus",
    "QqpFile",
    "QuestionPair",
    "RandomWindows",
    "SentenceEncoder",
    "SubwordAlignment",
    "TagScheme",
    "TaggedBatch",
    "TaggedSentence",
    "TextCorpus",
    "TextWindowBatch",
    "TextWord",
    "TfIdf",
    "Threshold",
    "TokenBatches",
    "TokenSequences",
    "TranslationBatch",
    "VectorCoverage",
    "VectorSimilarities",
    "Vocabulary",
    "WordPiece",
    "WindowBatch",
    "WindowBatches",
    "Word2Vec",
    "Word2VecProgress",
    "Word2VecSettings",
    "Word2VecTraining",
    "WordCounts",
    "WordPair",
    "WordPairScores",
    "WordRarity",
    "WordVectors",
    "analogy",
    "analogy_scores",
    "average_ranks",
    "bert_words",
    "best_threshold",
    "convert_tags",
    "count_words",
    "detect_scheme",
    "encode_words",
    "evaluate_analogies",
    "evaluate_word_pairs",
    "fill_by_word",
    "find_words",
    "fold_word",
    "forbidden_transitions",
    "jaccard",
    "learn_merges",
    "letters_only",
    "linked_groups",
    "load_analogies",
    "load_conll",
    "load_parallel",
    "load_qqp",
    "load_text",
    "load_word_pairs",
    "load_word_vectors",
    "mask_tokens",
    "match_marks",
    "mine_negatives",
    "neighbour_pairs",
    "normalize",
    "overlap_scores",
    "pair_features",
    "pearson",
    "principal_components",
    "save_word_vectors",
    "scheme_breaks",
    "sentence_windows",
    "spans_to_tags",
    "spearman",
    "spelled_alike",
    "split_by_question",
    "split_words",
    "tokenize",
    "word_shape",
    "write_conll",
]
