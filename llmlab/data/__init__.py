"""Where a model's text comes from: corpora, cleaning, filters, deduplication, token shards."""
