"""Text into arrays: tokenizers, vocabularies, corpus loaders, batches by length.

It knows no tape and needs nothing but NumPy and pmt_core.
"""

from pmt_text.batching.batches import BucketBatches, Curriculum, TokenBatches
from pmt_text.batching.mask_tokens import MaskedTokens, mask_tokens
from pmt_text.batching.ragged import TokenSequences
from pmt_text.batching.text_chunks import (
    ConsecutiveChunks,
    RandomChunks,
    TextChunkBatch,
)
from pmt_text.files.text_lines import CorpusText, load_text
from pmt_text.ner.conll_columns import ConllColumns
from pmt_text.ner.encoded_sentences import EncodedSentences, TaggedBatch, sentence_chunks
from pmt_text.ner.load_conll import ConllFile, load_conll
from pmt_text.ner.sentence_encoder import SentenceEncoder, fold_word, letters_only, word_shape
from pmt_text.ner.subword_alignment import SubwordAlignment, encode_words
from pmt_text.ner.tag_scheme import (
    TAG_SCHEMES,
    TagScheme,
    convert_tags,
    detect_scheme,
    forbidden_transitions,
    scheme_breaks,
    spans_to_tags,
)
from pmt_text.ner.tagged_sentence import TaggedSentence, write_conll
from pmt_text.qqp.candidate_pairs import mine_negatives, nearest_pairs
from pmt_text.qqp.encoded_pairs import EncodedPairs, PairBatch
from pmt_text.qqp.formats import QuestionPair
from pmt_text.qqp.idf import InverseDocumentFrequency
from pmt_text.qqp.load_qqp import QqpFile, load_qqp
from pmt_text.qqp.pair_encoder import PairEncoder
from pmt_text.qqp.pair_features import PAIR_FEATURES, pair_features
from pmt_text.qqp.split import connected_components, split_by_question
from pmt_text.qqp.tfidf import BagBatch, EncodedBags, TfIdf
from pmt_text.qqp.vector_features import VECTOR_SIMILARITIES, VectorSimilarities
from pmt_text.qqp.word_matches import N_MATCH_TYPES, match_types, spelled_alike
from pmt_text.qqp.word_overlap import Threshold, best_threshold, jaccard, overlap_scores
from pmt_text.tokenizers.bert_words import bert_words
from pmt_text.tokenizers.bpe import BytePairEncoding
from pmt_text.tokenizers.bpe_training import Pair, learn_merges, split_words
from pmt_text.tokenizers.characters import CharacterTokenizer
from pmt_text.tokenizers.normalize import Tokenize, normalize, tokenize
from pmt_text.tokenizers.vocabulary import CLS, MASK, PAD, SEP, SPECIAL_TOKENS, UNK, Vocabulary
from pmt_text.tokenizers.word_offsets import TextWord, find_words
from pmt_text.tokenizers.wordpiece import WordPiece
from pmt_text.translation.encoded_translations import EncodedTranslations, TranslationBatch
from pmt_text.translation.parallel_corpus import ParallelCorpus, load_parallel
from pmt_text.word2vec.corpus.text_corpus import TextCorpus
from pmt_text.word2vec.corpus.word_counts import WordCounts, count_words
from pmt_text.word2vec.sampling.chunk_sampler import ChunkSampler
from pmt_text.word2vec.sampling.window_batches import WindowBatch, WindowBatches
from pmt_text.word2vec.sampling.word_sampling import SamplingSettings
from pmt_text.word_vectors.analogy import AnalogyMethod, analogy, analogy_scores
from pmt_text.word_vectors.analogy_questions import AnalogyQuestion, AnalogySection, load_analogies
from pmt_text.word_vectors.embedding_matrix import VectorCoverage, embedding_matrix
from pmt_text.word_vectors.evaluate_analogies import (
    AnalogyResult,
    AnalogyScores,
    evaluate_analogies,
)
from pmt_text.word_vectors.file import load_word_vectors, save_word_vectors
from pmt_text.word_vectors.statistics import average_ranks, pearson, principal_components, spearman
from pmt_text.word_vectors.word_similarity import (
    WordPair,
    WordPairScores,
    evaluate_word_pairs,
    load_word_pairs,
)
from pmt_text.word_vectors.word_vectors import Neighbor, WordVectors

__all__ = [
    "ChunkSampler",
    "SamplingSettings",
    "CLS",
    "MASK",
    "N_MATCH_TYPES",
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
    "Curriculum",
    "BytePairEncoding",
    "CharacterTokenizer",
    "ConllFile",
    "ConllColumns",
    "ConsecutiveChunks",
    "CorpusText",
    "EncodedBags",
    "EncodedPairs",
    "EncodedSentences",
    "EncodedTranslations",
    "BucketBatches",
    "MaskedTokens",
    "Neighbor",
    "Pair",
    "PairBatch",
    "PairEncoder",
    "ParallelCorpus",
    "QqpFile",
    "QuestionPair",
    "RandomChunks",
    "SentenceEncoder",
    "SubwordAlignment",
    "TagScheme",
    "TaggedBatch",
    "TaggedSentence",
    "TextCorpus",
    "TextChunkBatch",
    "TextWord",
    "TfIdf",
    "Threshold",
    "TokenBatches",
    "TokenSequences",
    "Tokenize",
    "TranslationBatch",
    "VectorCoverage",
    "VectorSimilarities",
    "Vocabulary",
    "WordPiece",
    "WindowBatch",
    "WindowBatches",
    "WordCounts",
    "WordPair",
    "WordPairScores",
    "InverseDocumentFrequency",
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
    "embedding_matrix",
    "find_words",
    "fold_word",
    "forbidden_transitions",
    "jaccard",
    "learn_merges",
    "letters_only",
    "connected_components",
    "load_analogies",
    "load_conll",
    "load_parallel",
    "load_qqp",
    "load_text",
    "load_word_pairs",
    "load_word_vectors",
    "mask_tokens",
    "match_types",
    "mine_negatives",
    "nearest_pairs",
    "normalize",
    "overlap_scores",
    "pair_features",
    "pearson",
    "principal_components",
    "save_word_vectors",
    "scheme_breaks",
    "sentence_chunks",
    "spans_to_tags",
    "spearman",
    "spelled_alike",
    "split_by_question",
    "split_words",
    "tokenize",
    "word_shape",
    "write_conll",
]
