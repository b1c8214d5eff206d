"""Lab 04: Data. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    4,
    "data",
    "Data",
    {
        "normalize_text": 2,
        "gopher_quality": 3,
        "scrub_emails": 2,
        "unique_documents": 2,
        "resemblance": 2,
        "minhash_signature": 3,
        "candidate_pairs": 3,
        "contaminated_by": 2,
    },
)
