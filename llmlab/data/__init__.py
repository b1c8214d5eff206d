"""Where a model's text comes from: corpora, cleaning, filters, deduplication, token shards."""

# ruff: noqa: RUF022 - the chapter's order, not the alphabet's

from llmlab.data.cleaning import (
    extract_html,
    is_html,
    normalize_text,
    repair_encoding,
    strip_boilerplate,
)
from llmlab.data.corpora import parts, rows, sample, texts
from llmlab.data.decontamination import Decontaminator, contaminated_by, ngrams
from llmlab.data.duplicates import (
    PRIME,
    candidate_pairs,
    chance_of_meeting,
    content_hash,
    content_words,
    estimated_resemblance,
    hash_functions,
    jaccard,
    minhash_signature,
    resemblance,
    shingles,
    unique_documents,
)
from llmlab.data.errors import (
    ChecksumError,
    CorpusError,
    DataError,
    DownloadError,
    NotAvailableError,
    UnknownEntryError,
)
from llmlab.data.filters import c4_lines, c4_page, gopher_quality, gopher_repetition
from llmlab.data.harm import harm_threshold
from llmlab.data.languages import language
from llmlab.data.minhash import MinHasher, near_duplicates, near_pairs, shingle_numbers
from llmlab.data.personal import (
    scrub_cards,
    scrub_emails,
    scrub_ip_addresses,
    scrub_personal_data,
    scrub_phones,
)
from llmlab.data.pipeline import clean_dataset, clean_stream
from llmlab.data.quality import QualityClassifier
from llmlab.data.raw_pages import Page, pages
from llmlab.data.reading import read_documents, read_rows, read_text
from llmlab.data.report import Report
from llmlab.data.steps import Removed, Step, apply_steps, default_steps

__all__ = [
    # corpora
    "parts",
    "rows",
    "texts",
    "sample",
    "read_text",
    "read_rows",
    "read_documents",
    # pages as they come from the web
    "Page",
    "pages",
    # mending
    "is_html",
    "extract_html",
    "repair_encoding",
    "normalize_text",
    "strip_boilerplate",
    # choosing
    "language",
    "gopher_quality",
    "gopher_repetition",
    "c4_lines",
    "c4_page",
    "QualityClassifier",
    "harm_threshold",
    # protecting people
    "scrub_emails",
    "scrub_phones",
    "scrub_ip_addresses",
    "scrub_cards",
    "scrub_personal_data",
    # copies
    "content_words",
    "content_hash",
    "unique_documents",
    "shingles",
    "jaccard",
    "resemblance",
    "PRIME",
    "hash_functions",
    "shingle_numbers",
    "minhash_signature",
    "estimated_resemblance",
    "candidate_pairs",
    "chance_of_meeting",
    "MinHasher",
    "near_pairs",
    "near_duplicates",
    # protecting measurements
    "ngrams",
    "contaminated_by",
    "Decontaminator",
    # the whole pipeline
    "Removed",
    "Step",
    "apply_steps",
    "default_steps",
    "clean_dataset",
    "clean_stream",
    "Report",
    # what can go wrong
    "DataError",
    "UnknownEntryError",
    "NotAvailableError",
    "DownloadError",
    "ChecksumError",
    "CorpusError",
]
