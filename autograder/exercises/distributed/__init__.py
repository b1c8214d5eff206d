"""Lab 08: Distributed training. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    8,
    "distributed",
    "Distributed training",
    {
        "shard_indices": 2,
        "all_reduce": 2,
        "mean_over_tokens": 1,
        "average_gradients": 3,
        "chunk_sent": 1,
        "ring_all_reduce": 4,
        "ring_of_eight": 1,
        "gradient_buckets": 2,
        "training_memory": 2,
        "ShardedParameter": 3,
        "step_with_overlap": 1,
        "step_seconds": 2,
    },
    stops=("ring_of_eight",),
)
