"""The LightningModule: what it does with gradients, rates, checkpoints and shards."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningDataModule, Trainer
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor
from torch.utils.data import DataLoader

from llmlab.errors import CheckpointError, ConfigurationError
from llmlab.foundations import cosine_with_warmup
from llmlab.model import TransformerConfig
from llmlab.training import (
    NotFiniteError,
    TrainingError,
    make_optimizer,
    train,
    warmup_stable_decay,
)
from llmlab.training.callbacks import WholeCheckpoints
from llmlab.training.module import LanguageModel
from tests.llmlab.training.runs import losses


class Rows(LightningDataModule):
    """The same rows in the same order, two a batch."""

    vocabulary_size = 20

    def __init__(self, ids: Tensor) -> None:
        super().__init__()
        self.ids = ids

    def train_dataloader(self) -> Any:
        return DataLoader(self.ids, batch_size=2)  # type: ignore[arg-type]

    def val_dataloader(self) -> Any:
        return DataLoader(self.ids, batch_size=4)  # type: ignore[arg-type]


def trainer(folder: Path, **options: Any) -> Trainer:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Trainer(
            default_root_dir=folder,
            accelerator="cpu",
            devices=1,
            logger=CSVLogger(folder, "logs"),
            plugins=[WholeCheckpoints()],
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            log_every_n_steps=1,
            **{"max_steps": 4, "enable_checkpointing": False, **options},
        )


def language_model(config: TransformerConfig, **options: Any) -> LanguageModel:
    torch.manual_seed(3)
    return LanguageModel(config, **{"warmup_steps": 1, "learning_rate": 0.02, **options})


pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning warns of what is none of ours


def test_lightning_takes_the_steps_of_the_loop_on_a_page(
    config: TransformerConfig, ids: Tensor, tmp_path: Path
) -> None:
    module = language_model(config)
    run = trainer(tmp_path)
    run.fit(module, Rows(ids))

    model = language_model(config).model

    def schedule(step: int) -> float:
        return cosine_with_warmup(step, warmup_steps=1, total_steps=4, peak=0.02, floor=0.002)

    steps = train(model, make_optimizer(model, 0.0), schedule, ids.split(2), steps=4)
    expected = {step.number: step.loss for step in steps}
    assert {step: float(loss) for step, loss in losses(tmp_path).items()} == pytest.approx(
        expected, abs=1e-6
    )


def test_accumulation_over_four_micro_batches_gives_the_losses_of_one_batch(
    config: TransformerConfig, ids: Tensor, tmp_path: Path
) -> None:
    rows = torch.cat([ids, ids.flip(0), ids.roll(3, 0)])
    several = language_model(config)
    trainer(tmp_path / "several", max_steps=3, accumulate_grad_batches=4).fit(several, Rows(rows))
    one = language_model(config)
    data = Rows(rows)
    data.train_dataloader = lambda: DataLoader(rows, batch_size=8)  # type: ignore[method-assign,arg-type]
    trainer(tmp_path / "one", max_steps=3).fit(one, data)
    first, second = losses(tmp_path / "several"), losses(tmp_path / "one")
    assert list(first) == list(second) == [0, 1, 2]
    for step, loss in first.items():
        assert float(loss) == pytest.approx(float(second[step]), abs=1e-5)


def test_the_rates_of_both_schedules_are_those_of_the_formulas(
    config: TransformerConfig, ids: Tensor, tmp_path: Path
) -> None:
    module = language_model(config, schedule="stable", decay_steps=2)
    trainer(tmp_path).fit(module, Rows(ids))
    for step in range(4):
        assert module.rate(step) == warmup_stable_decay(
            step, warmup_steps=1, decay_steps=2, total_steps=4, peak=0.02, floor=0.002
        )


def test_an_unknown_schedule_is_refused(config: TransformerConfig) -> None:
    import jaxtyping

    with pytest.raises((ConfigurationError, jaxtyping.TypeCheckError)):
        LanguageModel(config, schedule="linear")  # type: ignore[arg-type]


def test_a_loss_that_turns_nan_stops_the_run_before_the_weights_are_touched(
    config: TransformerConfig, ids: Tensor, tmp_path: Path
) -> None:
    module = language_model(config)
    seen: list[dict[str, Tensor]] = []

    def poison(gradient: Tensor) -> Tensor:
        if module.global_step == 2:
            seen.append({name: one.clone() for name, one in module.state_dict().items()})
            return gradient * math.nan
        return gradient

    module.model.norm.weight.register_hook(poison)
    with pytest.raises(NotFiniteError, match=r"At step 2 .*the last checkpoint is whole"):
        trainer(tmp_path).fit(module, Rows(ids))
    assert all(torch.equal(one, seen[0][name]) for name, one in module.state_dict().items())


def test_data_of_a_larger_vocabulary_are_refused_before_anything_is_computed(
    config: TransformerConfig, ids: Tensor, tmp_path: Path
) -> None:
    data = Rows(ids)
    data.vocabulary_size = 50
    with pytest.raises(TrainingError, match=r"vocabulary of 50 tokens and the model one of 20"):
        trainer(tmp_path).fit(language_model(config), data)


def test_a_checkpoint_of_another_configuration_is_refused(
    config: TransformerConfig, ids: Tensor, tmp_path: Path
) -> None:
    run = trainer(tmp_path)
    run.fit(language_model(config), Rows(ids))
    run.save_checkpoint(tmp_path / "one.ckpt")
    other = language_model(config.changed(hidden_dim=24))
    with pytest.raises(CheckpointError, match="hidden_dim is 16 there and 24 here"):
        trainer(tmp_path, max_steps=6).fit(other, Rows(ids), ckpt_path=tmp_path / "one.ckpt")


def test_a_checkpoint_cut_short_is_refused(
    config: TransformerConfig, ids: Tensor, tmp_path: Path
) -> None:
    run, path = trainer(tmp_path), tmp_path / "one.ckpt"
    run.fit(language_model(config), Rows(ids))
    run.save_checkpoint(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="damaged or was cut short"):
        trainer(tmp_path).fit(language_model(config), Rows(ids), ckpt_path=path)


def test_activations_computed_again_give_the_same_gradients(
    config: TransformerConfig, ids: Tensor
) -> None:
    plain, thrifty = language_model(config), language_model(config, checkpoint_activations=True)
    for module in (plain, thrifty):
        module.training_step(ids, 0).backward()
    for one, two in zip(plain.parameters(), thrifty.parameters(), strict=True):
        assert one.grad is not None
        torch.testing.assert_close(one.grad, two.grad)


def test_a_compiled_model_keeps_the_names_of_its_weights(
    config: TransformerConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[torch.nn.Module] = []
    monkeypatch.setattr(torch.nn.Module, "compile", lambda module: called.append(module))
    compiled = language_model(config, compiled=True)
    assert called == [compiled.model]
    assert compiled.state_dict().keys() == language_model(config).state_dict().keys()


def test_validation_measures_without_learning(
    config: TransformerConfig, ids: Tensor, tmp_path: Path
) -> None:
    module = language_model(config)
    (result,) = trainer(tmp_path).validate(module, Rows(ids), verbose=False)
    assert result["validation_loss"] == pytest.approx(math.log(20), rel=0.02)


def test_bf16_trains_with_float32_weights(
    config: TransformerConfig, ids: Tensor, tmp_path: Path
) -> None:
    module = language_model(config)
    trainer(tmp_path, precision="bf16-mixed").fit(module, Rows(ids))
    assert {one.dtype for one in module.parameters()} == {torch.float32}
    curve = [float(loss) for loss in losses(tmp_path).values()]
    assert len(curve) == 4
    assert curve[-1] < curve[0]
