"""Text to arrays: tokenizers, vocabularies, corpus loaders, batches and word vectors.

It needs only NumPy and pmt_core.
"""

# Batches
from pmt_text.batching.batches import BucketBatches, Curriculum, TokenBatches
from pmt_text.batching.mask_tokens import mask_tokens
from pmt_text.batching.text_chunks import ConsecutiveChunks, RandomChunks, TextChunkBatch

# Text classification
from pmt_text.classification.columns import TextColumns, column_of
from pmt_text.classification.labeled_text import LabeledText, LabeledTexts
from pmt_text.classification.load_labeled import LabelOptions, load_labeled_texts

# Text files
from pmt_text.files.text_lines import load_text

# Named entity recognition
from pmt_text.ner.conll_columns import ConllColumns
from pmt_text.ner.encoded_sentences import EncodedSentences, TaggedBatch, sentence_chunks
from pmt_text.ner.load_conll import ConllFile, load_conll
from pmt_text.ner.sentence_encoder import SentenceEncoder, fold_word, letters_only, word_shape
from pmt_text.ner.subword_alignment import SubwordAlignment, encode_words
from pmt_text.ner.tag_scheme import (
    TagScheme,
    concatenate_tags,
    convert_tags,
    detect_scheme,
    forbidden_ends,
    forbidden_transitions,
    spans_to_tags,
)
from pmt_text.ner.tagged_sentence import TaggedSentence, write_conll

# Question pairs
from pmt_text.qqp.candidate_pairs import mine_negatives, nearest_pairs
from pmt_text.qqp.encoded_pairs import EncodedPairs, PairBatch
from pmt_text.qqp.formats import QuestionPair
from pmt_text.qqp.idf import InverseDocumentFrequency
from pmt_text.qqp.load_qqp import QqpFile, load_qqp
from pmt_text.qqp.pair_encoder import PairEncoder
from pmt_text.qqp.pair_features import PAIR_FEATURES, pair_features
from pmt_text.qqp.pair_ngrams import PairNgrams
from pmt_text.qqp.split import connected_components, split_by_question
from pmt_text.qqp.tfidf import BagBatch, EncodedBags, TfIdf
from pmt_text.qqp.vector_features import VECTOR_SIMILARITIES, VectorSimilarities
from pmt_text.qqp.word_matches import match_types
from pmt_text.qqp.word_overlap import best_threshold, jaccard, overlap_scores

# Tokenizers and vocabularies
from pmt_text.tokenizers.bpe import BytePairEncoding
from pmt_text.tokenizers.character_ngrams import CharacterNgrams
from pmt_text.tokenizers.characters import CharacterTokenizer
from pmt_text.tokenizers.normalize import Tokenize, normalize, tokenize
from pmt_text.tokenizers.pretrained.post_processors import EncodedText
from pmt_text.tokenizers.pretrained.tokenizer import Tokenizer
from pmt_text.tokenizers.token_numbers import NumberedTokens, TokenCache, count_tokens
from pmt_text.tokenizers.vocabulary import CLS, MASK, PAD, SEP, SPECIAL_TOKENS, UNK, Vocabulary
from pmt_text.tokenizers.word_offsets import TextWord, find_words
from pmt_text.tokenizers.wordpiece import WordPiece, bert_words
from pmt_text.tokenizers.wordpiece_training import learn_word_pieces

# Translation
from pmt_text.translation.encoded_translations import EncodedTranslations, TranslationBatch
from pmt_text.translation.parallel_corpus import ParallelCorpus, load_parallel

# Sampling for word2vec
from pmt_text.word2vec.corpus.text_corpus import TextCorpus
from pmt_text.word2vec.corpus.word_counts import WordCounts, count_words
from pmt_text.word2vec.sampling.chunk_sampler import ChunkSampler, SubwordParts
from pmt_text.word2vec.sampling.window_batches import WindowBatch, WindowBatches
from pmt_text.word2vec.sampling.word_sampling import SamplingSettings

# Word vectors
from pmt_text.word_vectors.analogy import analogy, load_analogies
from pmt_text.word_vectors.embedding_matrix import embedding_matrix
from pmt_text.word_vectors.evaluate_analogies import AnalogyScores, evaluate_analogies
from pmt_text.word_vectors.file import load_word_vectors, save_word_vectors
from pmt_text.word_vectors.statistics import pearson, principal_components, spearman
from pmt_text.word_vectors.subword_vectors import (
    SubwordVectors,
    load_subword_vectors,
    save_subword_vectors,
)
from pmt_text.word_vectors.text_format import UnicodeErrors
from pmt_text.word_vectors.word_similarity import evaluate_word_pairs, load_word_pairs
from pmt_text.word_vectors.word_vectors import Neighbor, WordVectors

# fmt: off
__all__ = [
    "CLS", "MASK", "PAD", "PAIR_FEATURES", "SEP", "SPECIAL_TOKENS", "UNK", "VECTOR_SIMILARITIES",
    "AnalogyScores", "BagBatch", "BucketBatches", "BytePairEncoding", "CharacterNgrams",
    "CharacterTokenizer", "ChunkSampler", "ConllColumns", "ConllFile", "ConsecutiveChunks",
    "Curriculum", "EncodedBags", "EncodedPairs", "EncodedSentences", "EncodedText",
    "EncodedTranslations", "InverseDocumentFrequency", "LabelOptions", "LabeledText",
    "LabeledTexts", "Neighbor", "NumberedTokens", "PairBatch", "PairEncoder", "PairNgrams",
    "ParallelCorpus", "QqpFile", "QuestionPair", "RandomChunks", "SamplingSettings",
    "SentenceEncoder", "SubwordAlignment", "SubwordParts", "SubwordVectors", "TagScheme",
    "TaggedBatch", "TaggedSentence", "TextChunkBatch", "TextColumns", "TextCorpus", "TextWord",
    "TfIdf", "TokenBatches", "TokenCache", "Tokenize", "Tokenizer", "TranslationBatch",
    "UnicodeErrors", "VectorSimilarities", "Vocabulary", "WindowBatch", "WindowBatches",
    "WordCounts", "WordPiece", "WordVectors", "analogy", "bert_words", "best_threshold",
    "column_of", "concatenate_tags", "connected_components", "convert_tags", "count_tokens",
    "count_words", "detect_scheme", "embedding_matrix", "encode_words", "evaluate_analogies",
    "evaluate_word_pairs", "find_words", "fold_word", "forbidden_ends", "forbidden_transitions",
    "jaccard", "learn_word_pieces", "letters_only", "load_analogies", "load_conll",
    "load_labeled_texts", "load_parallel", "load_qqp", "load_subword_vectors", "load_text",
    "load_word_pairs", "load_word_vectors", "mask_tokens", "match_types", "mine_negatives",
    "nearest_pairs", "normalize", "overlap_scores", "pair_features", "pearson",
    "principal_components", "save_subword_vectors", "save_word_vectors", "sentence_chunks",
    "spans_to_tags", "spearman", "split_by_question", "tokenize", "word_shape", "write_conll",
]
# fmt: on
