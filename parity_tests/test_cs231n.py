"""The cs231n dialect: what people hand in, right in many styles, wrong in the usual ways, unfinished."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parity_tests import Verdict
from parity_tests.checking import Checked, Outcome, check_submission
from parity_tests.people.finding import Wanted
from parity_tests.people.host import Isolated
from parity_tests.people.targets import Submission
from parity_tests.posing import Exam
from parity_tests.samples.cs231n import OPTIMIZERS, RECURRENT, STYLES, UNFINISHED

EXAMPLES = Path(__file__).parent.parent / "examples" / "cs231n"
HEAD = "import numpy as np\n"
RIGHT = (Verdict.EXACT, Verdict.LOSES, Verdict.UNSTABLE)


@pytest.fixture(scope="module")
def host() -> Iterator[Isolated]:
    with Isolated(timeout=20) as isolated:
        yield isolated


def checked(host: Isolated, text: str, *, examples: int = 0, case: str = "", **wanted: Any) -> Checked:
    source = {"name": "layers", "file": "/layers.py", "text": HEAD + text, "package": False}
    submission = Submission("layers.py", "layers", (source,))
    return check_submission(
        submission, Wanted(dialect="cs231n", **wanted), Exam(examples=examples, case=case), host
    )


def only(host: Isolated, text: str, **wanted: Any) -> Outcome:
    (outcome,) = checked(host, text, **wanted).outcomes
    return outcome


def why(outcome: Outcome) -> str:
    found = [f for f in outcome.examined.findings if f.verdict is Verdict.WRONG]
    return "\n".join(f"{f.kind} {f.case.spec}: {f.differences[:2]}" for f in found[:4])


# ---- what is right


@pytest.mark.parametrize("name", ["layers", "optim"])
def test_the_examples_are_right(host: Isolated, name: str) -> None:
    outcomes = checked(host, (EXAMPLES / f"{name}.py").read_text(), examples=4).outcomes
    assert len(outcomes) == {"layers": 7, "optim": 4}[name]
    for outcome in outcomes:
        assert outcome.verdict is Verdict.EXACT, why(outcome)
        assert not [said for said in outcome.examined.remarks if "in place" not in said]


@pytest.mark.parametrize("name", [*STYLES, *RECURRENT, *OPTIMIZERS])
def test_every_style_is_right(host: Isolated, name: str) -> None:
    sample = {**STYLES, **RECURRENT, **OPTIMIZERS}[name]
    outcomes = checked(host, sample.text).outcomes
    assert [o.algorithm for o in outcomes] == list(sample.algorithms)
    for outcome in outcomes:
        assert outcome.verdict in RIGHT, why(outcome)
        said = " ".join(outcome.examined.remarks)
        assert sample.says in said if sample.says else "convention" not in said


# ---- what is wrong


LAYERS = [
    ("linear", "rows.T @ dout, dout.sum(axis=0)", "rows.T @ dout, dout.mean(axis=0)"),
    ("linear", "(dout @ w.T).reshape(x.shape)", "dout @ w.T"),
    ("relu", "dout * (cache > 0)", "dout * (dout > 0)"),
    ("relu", "dout * (cache > 0)", "dout * cache"),
    ("cross_entropy", "y].mean()", "y].sum()"),
    ("cross_entropy", "return loss, dx / N", "return loss, dx"),
    ("cross_entropy", "np.log(np.exp", "np.log2(np.exp"),
    (
        "cross_entropy",
        "np.exp(shifted).sum(axis=1, keepdims=True)",
        "np.exp(shifted).sum(axis=0, keepdims=True)",
    ),
    ("batch_norm", "np.sqrt(var + eps)", "np.sqrt(var) + eps"),
    (
        "batch_norm",
        "momentum * running_mean + (1 - momentum) * mean",
        "(1 - momentum) * running_mean + momentum * mean",
    ),
    ("batch_norm", 'bn_param["running_mean"], bn_param["running_var"] = running_mean, running_var', "pass"),
    (
        "batch_norm",
        "(x - running_mean) / np.sqrt(running_var + eps)",
        "(x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)",
    ),
    (
        "batch_norm",
        "dx_hat - dx_hat.mean(axis=0) - x_hat * (dx_hat * x_hat).mean(axis=0)",
        "dx_hat - dx_hat.mean(axis=0)",
    ),
    ("batch_norm", "dx_hat - dx_hat.mean(axis=0) - x_hat", "dx_hat - x_hat"),
    ("batch_norm", "(dout * x_hat).sum(axis=0), dout", "dout.sum(axis=0), dout"),
    ("dropout", "np.random.rand(*x.shape) < p) / p", "np.random.rand(*x.shape) < p)"),
    ("dropout", "np.random.rand(*x.shape) < p) / p", "np.random.rand(*x.shape) > p) / p"),
    ("dropout", "np.random.rand(*x.shape) < p) / p", "np.random.rand(*x.shape[1:]) < p) / p"),
    ("dropout", "np.random.rand(*x.shape) < p) / p", "np.random.rand(len(x), *[1] * (x.ndim - 1)) < p) / p"),
    ("dropout", "    out = x\n", '    out = x if mode == "train" else x * p\n'),
    ("dropout", 'out = x\n    if mode == "train":', "out = x\n    if True:"),
    ("dropout", "return dout * mask if", "return dout * (np.random.rand(*mask.shape) < 0.5) * mask.max() if"),
    ("conv2d", "pad : pad + H, pad : pad + W", "pad:-pad, pad:-pad"),
    ("conv2d", "dpadded[:, :, rows, columns] +=", "dpadded[:, :, rows, columns] ="),
    ("conv2d", "np.tensordot(window, w,", "np.tensordot(window, w[:, :, ::-1, ::-1],"),
    ("conv2d", "axes=([1, 2, 3], [1, 2, 3])) + b", "axes=([1, 2, 3], [1, 2, 3]))"),
    ("conv2d", "1 + (W + 2 * pad - WW) // stride", "1 + (H + 2 * pad - HH) // stride"),
    ("conv2d", "return dpadded[:, :, pad : pad + H, pad : pad + W], dw", "return dpadded, dw"),
    ("max_pool2d", "dout[n, c, i, j]\n    return dx", "1\n    return dx"),
    ("max_pool2d", "column] += dout", "column] = dout"),
    ("max_pool2d", "window.max(axis=(2, 3))", "window.mean(axis=(2, 3))"),
]
RULES = [
    ("gradient_descent", "w -= config", "w += config"),
    ("momentum_lr_inside", 'config["velocity"] = v\n', "\n"),
    ("momentum_lr_inside", 'config["momentum"] * v - config', '(1 - config["momentum"]) * v - config'),
    (
        "rmsprop",
        'np.sqrt(config["cache"]) + config["epsilon"]',
        'np.sqrt(config["cache"] + config["epsilon"])',
    ),
    ("rmsprop", "(1 - decay) * dw**2", "decay * dw**2"),
    ("adam", '(np.sqrt(v_hat) + config["epsilon"])', 'np.sqrt(v_hat + config["epsilon"])'),
    ("adam", '(1 - beta1 ** config["t"])', "1"),
    ("adam", '(1 - beta2 ** config["t"])', '(1 - beta2 * config["t"])'),
    ("adam", '(1 - beta2 ** config["t"])', '(1 + beta2 ** config["t"])'),
    ("adam", 'config["t"] += 1', "pass"),
    ("adam", "(1 - beta1) * dw\n", "beta1 * dw\n"),
    ("adam", 'v_hat = config["v"]', 'v_hat = config["m"]'),
    ("adam", "(1 - beta2) * dw**2", '(1 - beta2) * config["m"]**2'),
    ("adam", 'config["t"] += 1\n', 'config["t"] += 1\n    dw = dw + 0.01 * w\n'),
]


@pytest.mark.parametrize(
    ("file", "algorithm", "old", "new"),
    [("layers", *change) for change in LAYERS] + [("optim", *change) for change in RULES],
)
def test_mistakes_are_found(host: Isolated, file: str, algorithm: str, old: str, new: str) -> None:
    text = (EXAMPLES / f"{file}.py").read_text()
    assert text.count(old) == 1
    case = "seed=1 regime=normal defaults=False" if file == "optim" else ""
    (outcome,) = checked(host, text.replace(old, new), case=case, only=frozenset({algorithm})).outcomes
    assert outcome.verdict is Verdict.WRONG


def test_the_wrong_examples_are_wrong(host: Isolated) -> None:
    for name, count in (("layers_wrong", 5), ("optim_wrong", 3)):
        outcomes = checked(host, (EXAMPLES / f"{name}.py").read_text()).outcomes
        assert [o.verdict for o in outcomes].count(Verdict.WRONG) == count, [
            (o.members, o.verdict) for o in outcomes
        ]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("lstm", "np.split(a, 4, axis=1)", "[np.split(a, 4, axis=1)[k] for k in (0, 1, 3, 2)]"),
        ("lstm", "dprev_c + 0", "0 * dprev_c"),
        ("rnn, a loop back through time", "dh[:, t] + dprev", "dh[:, t]"),
        ("rnn, a loop back through time", "dWx += dWx_t", "dWx = dWx_t"),
        ("word embedding", "np.add.at(dW, x, dout)", "dW[x] += dout"),
        ("temporal loss", "/ N", "/ (N * T)"),
        ("temporal loss", "mask_flat[:, None]", "1"),
        ("svm loss", "margins[np.arange(N), y] = 0", "pass"),
        ("linear classifiers", "2 * reg * W", "reg * W"),
        ("layer norm", "axis=1", "axis=0"),
        ("group norm", "N, G, C // G, H, W", "N, C // G, G, H, W"),
    ],
)
def test_mistakes_in_other_files(host: Isolated, name: str, old: str, new: str) -> None:
    text = {**STYLES, **RECURRENT}[name].text
    assert old in text
    outcomes = checked(host, text.replace(old, new)).outcomes
    assert Verdict.WRONG in [outcome.verdict for outcome in outcomes]


def test_a_wrong_dropout_says_how_much_it_keeps(host: Isolated) -> None:
    text = (EXAMPLES / "layers.py").read_text().replace("(*x.shape) < p)", "(*x.shape) < p**2)")
    assert "were to be kept" in why(only(host, text, only=frozenset({"dropout"})))


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ("np.random.rand(*x.shape[1:]) < p)", "one mask for a whole batch"),
        ("np.random.rand(len(x), *[1] * (x.ndim - 1)) < p)", "one draw for each example"),
    ],
)
def test_a_mask_that_is_shared_is_named(host: Isolated, drawn: str, said: str) -> None:
    text = (EXAMPLES / "layers.py").read_text().replace("np.random.rand(*x.shape) < p)", drawn)
    outcome = only(host, text, only=frozenset({"dropout"}))
    assert outcome.verdict is Verdict.WRONG
    assert any(said in finding.message for finding in outcome.examined.findings)


# ---- what is not finished, and what is something else


@pytest.mark.parametrize("text", UNFINISHED)
def test_what_is_unfinished_is_absent(host: Isolated, text: str) -> None:
    for outcome in checked(host, text).outcomes:
        assert outcome.verdict is Verdict.ABSENT, why(outcome)


def test_a_forward_alone_is_checked_by_itself(host: Isolated) -> None:
    outcome = only(host, "def relu_forward(x):\n    return np.maximum(x, 0), x\n")
    assert outcome.verdict is Verdict.EXACT
    assert {f.kind for f in outcome.examined.findings} == {"outputs"}
    assert "no backward" in outcome.examined.remarks[0]


RELU_FORWARD = """
def relu_forward(x):
    return np.maximum(x, 0), x
"""
BATCHNORM_FORWARD = """
def batchnorm_forward(x, gamma, beta, bn_param):
    eps, momentum = bn_param.get("eps", 1e-5), bn_param.get("momentum", 0.9)
    mean, var = bn_param["running_mean"], bn_param["running_var"]
    if bn_param["mode"] == "train":
        mean, var = x.mean(axis=0), x.var(axis=0)
        for name, value in (("running_mean", mean), ("running_var", var)):
            bn_param[name] = momentum * bn_param[name] + (1 - momentum) * value
    x_hat = (x - mean) / np.sqrt(var + eps)
    return gamma * x_hat + beta, (x_hat, gamma, var, eps)
"""


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (RELU_FORWARD, "def relu_backward(dout, cache):\n    dx, x = None, cache\n    return dx\n"),
        (BATCHNORM_FORWARD, "def batchnorm_backward(dout, cache):\n    return None, None, None\n"),
    ],
)
def test_a_backward_that_is_unfinished_is_said_to_be(host: Isolated, forward: str, backward: str) -> None:
    outcome = only(host, forward + backward)
    assert outcome.verdict is Verdict.EXACT, why(outcome)
    assert len(outcome.members) == 1
    assert {f.kind for f in outcome.examined.findings} == {"outputs"}
    assert "its backward returns nothing yet, so that its gradients were not checked" in (
        outcome.examined.remarks
    )


def test_a_further_backward_that_is_unfinished_is_absent(host: Isolated) -> None:
    backward = "def batchnorm_backward_alt(dout, cache):\n    pass\n"
    by_name = {o.members[0]: o.verdict for o in checked(host, BATCHNORM_FORWARD + backward).outcomes}
    assert by_name == {
        "batchnorm_forward": Verdict.EXACT,
        "batchnorm_backward_alt": Verdict.ABSENT,
    }


@pytest.mark.parametrize(
    ("forward", "backward"),
    [
        (RELU_FORWARD, "def relu_backward(dout, x):\n    return dout * (x > 0) if x.ndim == 2 else None\n"),
        (
            BATCHNORM_FORWARD,
            "def batchnorm_backward(dout, cache):\n    return None, (dout * cache[0]).sum(0), dout.sum(0)\n",
        ),
    ],
)
def test_half_a_backward_is_wrong(host: Isolated, forward: str, backward: str) -> None:
    outcome = only(host, forward + backward)
    assert outcome.verdict is Verdict.WRONG
    assert "None" in why(outcome)


def test_the_start_of_dropout_backward_is_unfinished(host: Isolated) -> None:
    text = (EXAMPLES / "layers.py").read_text()
    start = text.index("def dropout_backward")
    text = (
        text[:start]
        + """def dropout_backward(dout, cache):
    param, mask = cache
    dx = None
    return dx
"""
    )
    outcome = only(host, text, only=frozenset({"dropout"}))
    assert outcome.members == ("dropout_forward",)
    assert any("its backward returns nothing yet" in said for said in outcome.examined.remarks)


def test_a_loss_without_its_gradient_says_so(host: Isolated) -> None:
    text = (
        (EXAMPLES / "layers.py").read_text().replace("return loss, dx / N", "dx = None\n    return loss, dx")
    )
    outcome = only(host, text, only=frozenset({"cross_entropy"}))
    assert outcome.verdict in RIGHT
    assert any("it returns no gradient" in said for said in outcome.examined.remarks)


def test_other_signatures_are_not_called_wrong(host: Isolated) -> None:
    text = """
def affine_forward(x, w):
    return x @ w
def rnn_forward(x, a0, parameters):
    return None
def adam(theta, grad):
    return theta
def dropout_forward(x, p):
    return x
def conv_backward(dout, cache):
    return None
"""
    found = checked(host, text)
    assert not found.outcomes
    assert {u.name for u in found.unbound} == {
        "affine_forward",
        "rnn_forward",
        "dropout_forward",
        "conv_backward",
    }
    assert "affine_forward(x, w, b) -> out, cache would do" in found.unbound[0].reason


def test_a_second_backward_is_checked_by_itself(host: Isolated) -> None:
    text = (EXAMPLES / "layers.py").read_text()
    alt = text[text.index("def batchnorm_backward(") : text.index("def dropout_forward")]
    alt = alt.replace("batchnorm_backward", "batchnorm_backward_alt").replace("/ std", "* std")
    outcomes = checked(host, text + alt, only=frozenset({"batch_norm"})).outcomes
    assert {o.members[0]: o.verdict for o in outcomes} == {
        "batchnorm_forward": Verdict.EXACT,
        "batchnorm_backward_alt": Verdict.WRONG,
    }


def test_python_2_is_said_to_be_needed(host: Isolated) -> None:
    text = (EXAMPLES / "layers.py").read_text().replace(") // stride", ") / stride")
    outcome = only(host, text, only=frozenset({"conv2d"}))
    assert outcome.verdict is Verdict.ABSENT
    assert any("Python 2" in reason for reason in outcome.examined.beyond)


def test_an_assertion_about_strides_is_a_limit(host: Isolated) -> None:
    text = (EXAMPLES / "layers.py").read_text()
    whole = "(H + 2 * pad - HH) % stride == 0 and (W + 2 * pad - WW) % stride == 0"
    text = text.replace("    H_out, W_out = 1", f"    assert {whole}\n    H_out, W_out = 1")
    outcome = only(host, text, only=frozenset({"conv2d"}))
    assert outcome.verdict is Verdict.EXACT
    assert "windows that fill the image" in outcome.examined.beyond[0]


def test_gradients_of_another_shape_are_named(host: Isolated) -> None:
    text = (EXAMPLES / "layers.py").read_text().replace("rows.T @ dout, dout", "dout.T @ rows, dout")
    assert "affine_backward returned dw of shape" in why(only(host, text, only=frozenset({"linear"})))
