"""Optimizers made from a module's parameters: a training loop written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from toys import assert_equal_weights

from pmt_core import RandomStream, RowSparse, SettingsError, StateError
from pmt_nn import Parameter, cross_entropy
from pmt_train import (
    SGD,
    Adam,
    AdamW,
    ParameterGroup,
    Trainer,
    clip_factor,
    clip_grad_norm,
    global_norm,
    linear_schedule,
    warmup,
)


def dropout_rng(step):
    return RandomStream(11, "dropout", step, 0).generator()


def test_the_loop_of_everybody_is_trainer_to_rounding(toys):
    """The mean of the loss, `backward`, `clip_grad_norm`, `step`; the table is row-sparse."""
    trainer = Trainer(toys.model(), toys.loss, schedule=0.02, seed=11)
    history = trainer.fit(toys.data(), epochs=2, quiet=True)

    model, losses = toys.model(), []
    optimizer = AdamW(model.parameters(), lr=0.02)
    for epoch in range(2):
        for batch in toys.data().epoch(epoch):
            loss = cross_entropy(model(batch.ids, dropout_rng(optimizer.steps)), batch.labels)
            optimizer.zero_grad()
            loss.backward()
            assert isinstance(model.words.weight.grad, RowSparse)
            clip_grad_norm(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item() * len(batch))

    assert sum(losses[:7]) / 200 == pytest.approx(history.rows[0]["train_loss"], rel=1e-5)
    for name, array in model.state_dict().items():
        np.testing.assert_allclose(trainer.model.state_dict()[name], array, atol=1e-4)


def test_a_loop_with_sums_is_trainer_to_the_bit(toys):
    schedule = warmup(linear_schedule(0.02, 20), 5)
    groups = [ParameterGroup(lambda name, p: name.startswith("out"), lr_factor=0.1)]
    trainer = Trainer(
        toys.model(),
        toys.loss,
        optimizer=lambda parameters: AdamW(parameters, groups=groups),
        schedule=schedule,
        seed=11,
    )
    trainer.fit(toys.data(), epochs=2, quiet=True)

    model = toys.model()
    optimizer = AdamW(model.named_parameters(), groups=groups)
    for epoch in range(2):
        for batch in toys.data().epoch(epoch):
            loss, count = toys.loss(model, batch, dropout_rng(optimizer.steps))
            optimizer.zero_grad()
            loss.backward()
            gradients = optimizer.gather()
            scale = clip_factor(global_norm(gradients, 1 / count), 1.0) / count
            optimizer.step(gradients, schedule(optimizer.steps), scale=scale)

    assert_equal_weights(trainer.model.state_dict(), model.state_dict())


def test_grads_add_up_until_zero_grad(toys):
    models = [toys.model(rate=0.0) for _ in range(2)]
    rows = toys.rows(40)
    for model, sizes in zip(models, ([40], [15, 25]), strict=True):
        optimizer = SGD(model.parameters(), lr=0.01)
        first = 0
        for size in sizes:
            part = slice(first, first + size)
            toys.loss(model, toys.Rows(rows.ids[part], rows.labels[part]), None)[0].backward()
            first += size
        optimizer.step()
        optimizer.zero_grad()
        assert all(p.grad is None for p in model.parameters())
    for name, array in models[0].state_dict().items():
        np.testing.assert_allclose(models[1].state_dict()[name], array, atol=1e-6, err_msg=name)


def test_the_rate_may_be_set_between_steps():
    p = Parameter(np.ones(2))
    optimizer = SGD([p], lr=0.5)
    for lr in (0.5, 0.25):
        optimizer.lr = lr
        p.grad = np.ones(2)
        optimizer.step()
    np.testing.assert_allclose(p.data, 0.25)
    assert set(optimizer.state_dict()) == {"steps"}
    assert set(Adam([p]).state_dict()) == {"steps", "m.0", "v.0"}  # names of unnamed parameters


def test_state_of_earlier_names_is_loaded(toys):
    """`gain` of a norm became `weight`; see `pmt_nn.with_current_names`."""
    model = toys.model(rate=0.0)
    optimizer = AdamW(model.named_parameters(), lr=0.1)
    toys.loss(model, toys.rows(8), None)[0].backward()
    optimizer.step()
    state = optimizer.state_dict()
    old = {name.replace("norm.weight", "norm.gain"): array for name, array in state.items()}
    assert "m.norm.gain" in old
    again = AdamW(toys.model().named_parameters())
    again.load_state_dict(old)
    for name, array in again.state_dict().items():
        np.testing.assert_array_equal(array, state[name])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("adam", "expected model.parameters.*got str 'adam'"),
        (3, "got int 3"),
        ([{"params": [], "lr": 0.1}], r"groups=\[ParameterGroup"),
        ([np.ones(3)], "item 0 is a ndarray"),
        ([], "nothing to train"),
    ],
)
def test_wrong_parameters_name_the_cure(parameters, message):
    with pytest.raises(SettingsError, match=message):
        AdamW(parameters)


def test_a_step_without_a_rate_or_a_gradient(toys):
    model = toys.model()
    with pytest.raises(SettingsError, match=r"use AdamW\(parameters, lr=1e-3\) or step\(lr=1e-3\)"):
        AdamW(model.parameters()).step()
    with pytest.raises(StateError, match=r"call loss.backward\(\) before optimizer.step\(\)"):
        AdamW(model.parameters(), lr=0.1).step()
    with pytest.raises(SettingsError, match="expected lr to be a number of 0 or more, got '1e-3'"):
        AdamW(model.parameters(), lr="1e-3")
