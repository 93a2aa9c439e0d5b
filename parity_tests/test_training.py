"""Whole runs: what the run check catches and where, how training behaves, and `parity train`."""

import argparse
import inspect
import json
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import reference.models
import reference.training
from parity_tests import train as command
from parity_tests.catalogue import find
from parity_tests.datasets import DATA, load
from parity_tests.engine.cases import Case
from parity_tests.engine.results import Result, Status
from parity_tests.engine.runs import Drift, check_run, check_runs
from scratch import models, training
from scratch.linear import linear
from scratch.models import mlp, mlp_init
from scratch.training import gradient_norms, history, house_prices, train

Trainer = Callable[..., Any]


def a_case(**fixed: Any) -> Case:
    """13 examples in batches of 5, AdamW, a rate that falls, two hidden layers."""
    data = {"examples": 13, "batch": 5, "epochs": 4, "hidden": (4, 3), "loss": "mse_loss"}
    update = {"optimizer": "adamw", "decay": 0.1, "schedule": "exponential", "max_norm": 0.5}
    answers = {**data, **update, **fixed}
    words = [f"{name}={value!r}".replace(", ", ",") for name, value in answers.items()]
    return find("train").case("float64", " ".join(words))


def judged(subject: Trainer, case: Case) -> Result:
    """What the run check says of `subject`, with scratch as the oracle."""
    return check_runs(subject, train, [case]).result("train", "run", "f64")


def with_line(right: str, wrong: str) -> Trainer:
    """`scratch.training.train` with a line of its own source replaced."""
    source = inspect.getsource(training)
    assert source.count(right) == 1, right
    namespace: dict[str, Any] = {"__name__": "broken"}
    exec(source.replace(right, wrong), namespace)
    trainer: Trainer = namespace["train"]
    return trainer


# ---- the run check ----


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_scratch_and_torch_run_together(optimizer: str) -> None:
    case = a_case(optimizer=optimizer)
    result = check_runs(train, reference.training.train, [case]).result("train", "run", "f64")
    assert result.status is Status.PASSED, result.message
    assert result.worst is not None
    assert result.worst < 0.1


UPDATE = "params, states = optimizers.step(update, params, grads, states, lr=rate, **options)"
BROKEN = {
    "the last batch of an epoch is dropped": (
        3,
        "batch_size=size)",
        "batch_size=size, drop_last=True)",
    ),
    "every epoch has the order of the first": (4, "in permutations", "in permutations[:1].repeat(4, 0)"),
    "x and target are shuffled apart": (1, "cost(y, batch.target)", "cost(y, batch.target[::-1])"),
    "the schedule is a step late": (2, "schedule(step)", "schedule(max(step - 1, 0))"),
    "the schedule counts epochs": (2, "schedule(step)", "schedule(step // 3)"),
    "the optimizer forgets": (2, UPDATE, UPDATE.replace("states, lr", "{}, lr")),
    "two parameters share a state": (1, UPDATE, f"{UPDATE}; states['0.bias'] = states['2.bias']"),
    "a stale copy of the weights decays": (
        2,
        UPDATE,
        "first = params if step == 0 else first; decay = rate * options['weight_decay']; "
        "params, states = optimizers.step(update, params, grads, states, lr=rate, "
        "**{**options, 'weight_decay': 0}); params = {k: p - decay * first[k] for k, p in params.items()}",
    ),
    "each parameter is clipped by itself": (
        1,
        "grads = clip_grad_norm(grads, max_norm=max_norm).grads",
        "grads = {k: clip_grad_norm({k: g}, max_norm=max_norm).grads[k] for k, g in grads.items()}",
    ),
    "the gradient is a sum over the batch": (1, "np.ones_like(J)", "np.ones_like(J) * len(batch.x)"),
}


@pytest.mark.parametrize(("step", "right", "wrong"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_trainer_is_caught_where_it_parts(step: int, right: str, wrong: str) -> None:
    case = a_case(hidden=(4, 4))
    result = judged(with_line(right, wrong), case)
    assert result.status is Status.FAILED
    assert {divergence.step for divergence in result.divergences} == {step}, result.message


def test_a_backward_pass_through_updated_weights_is_caught() -> None:
    """The last layer takes its step before its weight carries the gradient on."""

    def too_early(x: Any, params: Any, *, activation: str) -> Any:
        y, _ = mlp(x, params, activation=activation)
        A, through = mlp(x, {key: params[key] for key in ("0.weight", "0.bias")}, activation=activation)
        A, through_tanh = np.tanh(A), through

        def backward(dy: Any) -> Any:
            last = linear(A, params["2.weight"], params["2.bias"])[1](dy)
            updated = params["2.weight"] - 0.05 * last["weight"]
            dA = linear(A, updated, params["2.bias"])[1](dy)["input"]
            first = through_tanh(dA * (1 - A**2))["params"]
            return {"params": {**first, "2.weight": last["weight"], "2.bias": last["bias"]}}

        return y, backward

    case = a_case(hidden=(4,), activation="tanh", optimizer="sgd", momentum=0.0, decay=0.0, max_norm=None)
    result = judged(partial(train, model=too_early), case)
    assert result.status is Status.FAILED
    assert {d.tensor for d in result.divergences} >= {"params.0.weight", "params.0.bias"}
    assert not {d.tensor for d in result.divergences} & {"params.2.weight", "params.2.bias"}


def test_a_run_of_another_length_is_caught() -> None:
    case = a_case()
    for subject, oracle in ((islice, lambda steps, n: steps), (lambda steps, n: steps, islice)):
        runs = (cut(train(**case.arrays, **case.options), 7) for cut in (subject, oracle))
        assert {d.step for d in check_run(*runs).divergences} == {8}


def test_an_oracle_that_proves_nothing_is_refused() -> None:
    step = next(train(**a_case().arrays))
    same, lost = [step, step], step._replace(params={"0.weight": np.array([np.nan])})
    assert not check_run(same, same).complaints  # the very same arrays: no step was taken in between
    still = [step, step._replace(params={key: +param for key, param in step.params.items()})]
    assert "stays put" in check_run(still, still).complaints[0]
    assert "finite" in check_run([lost], [lost]).complaints[0]
    assert check_run([], []).result("train", "run", "f64").status is Status.ERROR


# ---- models ----


def test_parameters_go_into_torch_as_they_are() -> None:
    params = mlp_init((4, 3, 2), rng=np.random.default_rng(0))
    tensors = {key: torch.from_numpy(param) for key, param in params.items()}
    module = reference.models.mlp_module(tensors, activation="relu")
    assert list(module.state_dict()) == list(params)
    assert [type(layer).__name__ for layer in module] == ["Linear", "ReLU", "Linear"]


def test_mlp_init_draws_as_torch_does() -> None:
    params = mlp_init((50, 40, 30), rng=np.random.default_rng(0), dtype="float32")
    for key, layer in (("0", torch.nn.Linear(50, 40)), ("2", torch.nn.Linear(40, 30))):
        for name in ("weight", "bias"):
            ours, theirs = params[f"{key}.{name}"], getattr(layer, name).detach().numpy()
            assert ours.shape == theirs.shape
            assert ours.dtype == theirs.dtype
            assert np.abs(ours).max() <= layer.in_features**-0.5
            assert np.isclose(np.abs(ours).mean(), np.abs(theirs).mean(), rtol=0.4)
    with pytest.raises(ValueError, match="two or more"):
        mlp_init((3,), rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"2.bias": None}, "2.bias is missing"),
        ({"4.weight": (1, 2), "4.gamma": (1,)}, "4.bias is missing and 4.gamma is unexpected"),
        ({"0.weight": (3, 5)}, r"0.weight is \(3, 5\), but must be \(out, 4\) to take the 4 features of x"),
        (
            {"2.weight": (2, 4)},
            r"2.weight is \(2, 4\), but must be \(out, 3\) to take the 3 units of layer 0",
        ),
        ({"2.bias": (3,)}, r"2.bias is \(3,\), but must be \(2,\)"),
        ({"2.bias": (2, 1)}, r"2.bias is \(2, 1\), but must be \(2,\)"),
        ({"2.weight": ()}, r"2.weight is \(\)"),
    ],
)
def test_mlp_refuses_parameters_that_do_not_fit(change: dict[str, Any], words: str) -> None:
    params = mlp_init((4, 3, 2), rng=np.random.default_rng(0))
    for key, shape in change.items():
        params.pop(key, None)
        if shape is not None:
            params[key] = np.ones(shape)
    with pytest.raises(ValueError, match=words):
        mlp(np.ones((5, 4)), params)


def test_mlp_refuses_mixed_dtypes() -> None:
    params = mlp_init((4, 3, 2), rng=np.random.default_rng(0), dtype="float32")
    with pytest.raises(TypeError, match="float32"):
        mlp(np.ones((5, 4)), params)
    with pytest.raises(ValueError, match=r"mlp: params must have the keys 0\.weight, 0\.bias"):
        mlp(np.ones((5, 4)), {})


# ---- training ----


def a_problem(dtype: str = "float64") -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((12, 3)).astype(dtype)
    return x, np.sin(x[:, :1]), mlp_init((3, 5, 1), rng=rng, dtype=dtype)


def orders(epochs: int, examples: int = 12) -> Any:
    rng = np.random.default_rng(2)
    return np.stack([rng.permutation(examples) for _ in range(epochs)])


def test_batch_mini_batch_and_stochastic_descent_are_one_loop() -> None:
    x, target, params = a_problem()
    taken = {size: list(train(x, target, params, orders(3), batch_size=size)) for size in (None, 5, 1)}
    assert {size: len(steps) for size, steps in taken.items()} == {None: 3, 5: 9, 1: 36}
    by_hand, _ = mlp(x, params)
    assert np.isclose(taken[None][0].loss, ((by_hand - target) ** 2).mean())


def test_history_stacks_the_steps() -> None:
    x, target, params = a_problem()
    rate = {"optimizer": "adam", "schedule": lambda step: 0.1 / (1 + step)}
    kept = history(train(x, target, params, orders(4), **rate))
    assert kept.losses.shape == kept.lrs.shape == (4,)
    assert {layer: norms.shape for layer, norms in kept.grad_norms.items()} == {"0": (4,), "2": (4,)}
    assert np.array_equal(kept.lrs, [0.1, 0.05, 0.1 / 3, 0.025])
    assert kept.states["0.weight"].t == 4
    assert kept.losses[-1] < kept.losses[0]
    with pytest.raises(ValueError, match="no steps"):
        history([])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_training_keeps_the_dtype_and_its_inputs(dtype: str) -> None:
    x, target, params = a_problem(dtype)
    before = {key: param.copy() for key, param in params.items()}
    *_, last = train(x, target, params, orders(2), optimizer="adamw", batch_size=5, max_norm=0.1)
    assert last.loss.dtype == dtype
    assert all(param.dtype == dtype for param in last.params.values())
    assert all(np.array_equal(params[key], param) for key, param in before.items())


def test_train_refuses_what_it_does_not_know() -> None:
    x, target, params = a_problem()
    with pytest.raises(ValueError, match=r"loss must be one of mse_loss, .*, got 'np'"):
        train(x, target, params, orders(1), loss="np")
    with pytest.raises(ValueError, match=r"optimizer must be one of .*adamw.*, got 'adm'"):
        train(x, target, params, orders(1), optimizer="adm")
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        next(train(x, target, params, orders(1), batch_size=0))
    with pytest.raises(ValueError, match=r"target has shape \(11, 1\)"):
        train(x, target[1:], params, orders(1))
    with pytest.raises(ValueError, match="permutation must name each of 0 … 11 once"):
        next(train(x, target, params, np.zeros((1, 12), int)))


def test_gradients_vanish_in_deep_sigmoids_and_explode_under_large_weights() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((8, 6))
    params = mlp_init((6, *([6] * 8), 1), rng=rng)

    def norms(activation: str, scale: float) -> dict[str, Any]:
        scaled = {key: param * scale for key, param in params.items()}
        y, backward = mlp(x, scaled, activation=activation)
        return gradient_norms(backward(np.ones_like(y))["params"])

    vanishing, exploding = norms("sigmoid", 1), norms("relu", 8)
    assert vanishing["0"] < 1e-5 * vanishing["16"]
    assert exploding["0"] > 1e5 * norms("relu", 1)["0"]


# ---- the house-price example, and the surfaces ----


def test_house_prices_are_what_they_say() -> None:
    features, price = house_prices(20_000, rng=np.random.default_rng(0))
    bedrooms, age, ocean, pool = features.T
    assert set(bedrooms) == {1, 2, 3, 4, 5, 6}
    assert set(pool) == {0, 1}
    shore = np.exp(-ocean / 10)
    columns = np.stack([np.ones(20_000), bedrooms, age, shore, pool * shore], 1)
    found, residual, *_ = np.linalg.lstsq(columns, price[:, 0], rcond=None)
    assert np.allclose(found, [90, 60, -1.5, 250, 40], rtol=0.05)
    assert np.isclose(np.sqrt(residual[0] / 20_000), 20, rtol=0.02)


def test_the_network_of_the_handbook_learns_the_price_of_a_house() -> None:
    features, price = house_prices(300, rng=np.random.default_rng(0))
    params = mlp_init((4, 3, 1), rng=np.random.default_rng(1))
    steps = training.house_price(features, price, params, orders(30, 300), batch_size=20)
    losses = history(steps).losses
    assert losses[-15:].mean() < 0.15 < losses[0]  # of a price variance of 1


@pytest.mark.parametrize("chapter", [training, reference.training])
def test_descent_converges_below_two_over_the_curvature_and_nowhere_above(chapter: Any) -> None:
    """Convex as a quadratic is, batch gradient descent does not converge at any rate (post 000)."""

    def distance(rate: float) -> float:
        x = np.array([0.0, 1.0])
        for _ in range(2000):
            _, backward = chapter.ravine(x, condition=50.0)
            x = x - rate * backward(np.ones(()))["x"]
        return float(np.abs(x).max())

    assert distance(1.99 / 50) < 1e-8
    assert distance(2.01 / 50) > 1e8


def test_descent_settles_in_the_optimum_next_to_it_and_stays_on_the_ridge_of_a_saddle() -> None:
    x, ridge = np.array([2.1, -0.9]), np.array([1.0, 0.0])
    for _ in range(500):
        x = x - 1e-3 * training.local_optima(x)[1](np.ones(()))["x"]
        ridge = ridge - 0.1 * training.saddle(ridge)[1](np.ones(()))["x"]
    assert np.allclose(x, [1.99, -0.995], atol=0.01)
    assert training.local_optima(x)[0] > training.local_optima(np.zeros(2))[0] + 4
    assert np.allclose(ridge, 0, atol=1e-12)  # where one step aside would lead down forever


# ---- parity train ----


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


SMALL = ("--data", "diabetes", "--epochs", "2", "--hidden", "5")


@pytest.mark.parametrize("data", list(DATA))
def test_parity_train_conforms(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(arguments("--data", data, "--epochs", "2", "--hidden", "8")) == 0
    printed = capsys.readouterr().out
    assert "scratch and torch conform over" in printed
    assert len([line for line in printed.splitlines() if line.split()[:1] in (["1"], ["2"])]) == 2


@pytest.mark.parametrize("optimizer", list(command.RATES))
def test_parity_train_knows_every_optimizer_of_torch(optimizer: str) -> None:
    assert command.run(arguments(*SMALL, "--optimizer", optimizer)) == 0


def test_parity_train_in_float32() -> None:
    assert command.run(arguments(*SMALL, "--dtype", "float32")) == 0
    assert command.run(arguments(*SMALL, "--dtype", "float32", "--activation", "relu")) == 2


def test_parity_train_fails_where_scratch_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    late = with_line("lr=rate, **options)", "lr=rate * (1 + 1e-9), **options)")
    monkeypatch.setattr(training, "train", late)
    assert command.run(arguments(*SMALL)) == 1
    printed = capsys.readouterr().out
    assert "do not conform: from step 1 on" in printed
    assert "see it again: parity train --data diabetes --optimizer adamw --epochs 2" in printed


def test_parity_train_writes_its_report(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    assert command.run(arguments(*SMALL, "--json", str(file))) == 0
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["schema"] == 1
    assert report["checks"][0]["id"] == "train/run[f64-cpu]"
    assert [epoch["number"] for epoch in report["training"]["epochs"]] == [1, 2]
    first = report["training"]["epochs"][0]
    assert first["scratch"].keys() == first["torch"].keys()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--data", "iris"), "--data is one of digits, diabetes, house-prices, not 'iris'"),
        (("--optimizer", "adm"), "--optimizer is one of .*adamw.*, not 'adm'"),
        (("--activation", "softmax"), "--activation is one of .*, not 'softmax'"),
        (("--json", "/no/such/folder/file"), "folder does not exist"),
    ],
)
def test_parity_train_refuses_in_a_sentence(words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        command.run(arguments(*words))


def test_parity_train_judges_no_step_that_is_not_finite(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.run(arguments(*SMALL, "--optimizer", "sgd", "--lr", "1e200", "--activation", "relu")) == 0
    assert "the training is not finite. No step from there on was judged." in capsys.readouterr().out


def test_parity_train_that_judged_nothing_is_not_green(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Drift, "CHAOS", 0.0)
    assert command.run(arguments(*SMALL)) == 2
    assert "nothing was judged: chaotic from the first step on" in capsys.readouterr().out


def test_drift_of_which_one_alone_stays_finite_has_parted() -> None:
    one, infinite = {"w": np.ones(2)}, {"w": np.array([1.0, np.inf])}
    drift = Drift()
    drift.add(1, one, one, {"w": np.nextafter(one["w"], 2)})
    with np.errstate(invalid="ignore"):
        drift.add(2, infinite, one, infinite)
    assert drift.judged == 1
    assert drift.parted == 2


def test_datasets_are_standardised_by_what_is_trained_on() -> None:
    for name in DATA:
        data = load(name, rng=np.random.default_rng(0))
        varies = data.train.x.std(0) > 0
        assert np.allclose(data.train.x.mean(0), 0, atol=1e-12)
        assert np.allclose(data.train.x.std(0)[varies], 1)
        assert not np.allclose(data.validation.x.mean(0), 0, atol=1e-3)
        sizes = [len(examples.x) for examples in (data.train, data.validation, data.test)]
        assert np.allclose(np.array(sizes) / sum(sizes), [0.6, 0.2, 0.2], atol=0.01)
    with pytest.raises(ValueError, match="no data called 'iris'"):
        load("iris", rng=np.random.default_rng(0))


def test_activations_are_the_same_on_both_sides() -> None:
    assert set(models.ACTIVATIONS) == set(reference.models.ACTIVATIONS)
    assert set(training.LOSSES) == set(reference.training.LOSSES)
    assert set(command.RATES) <= set(training.OPTIMIZERS)
