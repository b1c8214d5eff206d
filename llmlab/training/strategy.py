"""FSDP2, which `llmlab train` calls `fsdp2`: each process keeps its part of weights, gradients and running means alone.

`LanguageModel.configure_model` says what is sharded (ZeRO stage 3; Rajbhandari et al., 2020; Zhao et al., 2023).
"""

from __future__ import annotations

from lightning.pytorch.strategies import ModelParallelStrategy


class ShardedStrategy(ModelParallelStrategy):
    """Lightning's strategy for FSDP2, over all processes, with checkpoints in one file as those of other strategies.

    So a run can go on with another number of processes, or on one.
    """

    def __init__(self) -> None:
        super().__init__(tensor_parallel_size=1, save_distributed_checkpoint=False)

    def setup_environment(self) -> None:
        """Shard over all processes of all nodes, where Lightning would over nodes alone."""
        self._data_parallel_size = self.num_nodes * self.num_processes
        super().setup_environment()
