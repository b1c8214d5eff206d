"""Lab 08: Distributed training. Its exercises in order, with their points."""

from autograder.exercise.declaration import Lab

LAB = Lab(
    8,
    "distributed",
    "Distributed training",
    {
        "shard_indices": 2,
        "all_reduce": 2,
        "average_gradients": 3,
        "ring_all_reduce": 4,
        "gradient_buckets": 2,
        "training_memory": 2,
        "ShardedParameter": 3,
        "step_seconds": 2,
    },
)
