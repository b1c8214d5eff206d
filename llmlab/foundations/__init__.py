"""The ground floor: vectors, derivatives, probability and optimization, as labs 01 and 02 teach them."""

# ruff: noqa: RUF022 - the chapter's order, not the alphabet's

from llmlab.foundations.bigram import BigramModel, bigram_probabilities, count_pairs
from llmlab.foundations.gradients import GradientCheck, check_gradients, numerical_gradient
from llmlab.foundations.information import cross_entropy, entropy, kl_divergence, perplexity
from llmlab.foundations.linear import cosine_similarity, linear_gradients
from llmlab.foundations.naming import ALPHABET, decode, encode, names
from llmlab.foundations.neural import NeuralLanguageModel, context_windows
from llmlab.foundations.optimizers import SGD, Adam, AdamW, clip_gradient_norm
from llmlab.foundations.probability import log_softmax, logsumexp, sample, softmax
from llmlab.foundations.scalar import MLP, Layer, Neuron, Value, topological_order
from llmlab.foundations.schedules import cosine_with_warmup
from llmlab.foundations.supervised import gradient_descent, split_examples, train

__all__ = [
    # vectors and matrices
    "cosine_similarity",
    "linear_gradients",
    # derivatives by trying
    "numerical_gradient",
    "check_gradients",
    "GradientCheck",
    # probability
    "softmax",
    "log_softmax",
    "logsumexp",
    "sample",
    # surprise
    "entropy",
    "kl_divergence",
    "cross_entropy",
    "perplexity",
    # a first language model
    "names",
    "ALPHABET",
    "encode",
    "decode",
    "count_pairs",
    "bigram_probabilities",
    "BigramModel",
    # learning from examples
    "gradient_descent",
    "split_examples",
    "train",
    # backpropagation
    "Value",
    "topological_order",
    "Neuron",
    "Layer",
    "MLP",
    # optimization
    "SGD",
    "Adam",
    "AdamW",
    "clip_gradient_norm",
    "cosine_with_warmup",
    # a neural language model
    "context_windows",
    "NeuralLanguageModel",
]
