"""Lab 04: Data. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    4,
    "data",
    "Data",
    {
        "normalized_length": 1,
        "normalize_text": 2,
        "gopher_quality": 3,
        "largest_share": 1,
        "harm_threshold": 2,
        "scrub_emails": 2,
        "unique_documents": 2,
        "changed_word": 1,
        "resemblance": 2,
        "minhash_signature": 3,
        "more_bands": 1,
        "candidate_pairs": 3,
        "runs_left": 1,
        "contaminated_by": 2,
    },
    stops=("unique_documents",),
)
