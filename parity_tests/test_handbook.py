"""The handbook's dialect: right ones of many hands, the usual mistakes, unfinished ones, and namesakes."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from parity_tests.checking import Checked, Outcome, check_submission
from parity_tests.people.binding import Member
from parity_tests.people.finding import Wanted
from parity_tests.people.handbook import bind
from parity_tests.people.host import Isolated
from parity_tests.people.targets import Submission
from parity_tests.posing import Exam
from parity_tests.samples.handbook import NAMESAKES, STYLES, UNFINISHED
from parity_tests.sandbox.wire import Rng
from parity_tests.verdicts import Verdict

EXAMPLES = Path(__file__).parent.parent / "examples" / "handbook"
RIGHT = (Verdict.EXACT, Verdict.LOSES, Verdict.UNSTABLE)


@pytest.fixture(scope="module")
def host() -> Iterator[Isolated]:
    with Isolated(timeout=20) as isolated:
        yield isolated


def checked(host: Isolated, text: str, *, examples: int = 0, name: str = "") -> Checked:
    source = {"name": "mine", "file": "/mine.py", "text": "import numpy as np\n" + text, "package": False}
    return check_submission(
        Submission("mine.py", "mine", (source,)), Wanted(member=name), Exam(examples=examples), host
    )


def example(name: str) -> str:
    return (EXAMPLES / f"{name}.py").read_text()


def only(host: Isolated, text: str, name: str, *, examples: int = 0) -> Outcome:
    (outcome,) = checked(host, text, name=name, examples=examples).outcomes
    assert outcome.dialect == "handbook"
    return outcome


def why(outcome: Outcome) -> str:
    found = [f for f in outcome.examined.findings if f.verdict not in RIGHT]
    return f"{outcome.members} {outcome.verdict} {outcome.examined.absent}\n" + "\n".join(
        f"{f.kind} {f.case.spec}: {f.differences[:2]}" for f in found[:4]
    )


# ---- what is right


@pytest.mark.parametrize(
    ("name", "count"),
    [("optimizers", 8), ("network", 12), ("images", 8), ("sequences", 11), ("regularization", 10)],
)
def test_the_examples_are_right(host: Isolated, name: str, count: int) -> None:
    found = checked(host, example(name), examples=4)
    assert len(found.outcomes) == count
    for outcome in found.outcomes:
        assert outcome.dialect == "handbook"
        assert outcome.verdict is Verdict.EXACT, why(outcome)


def test_a_cost_may_know_nothing_but_labels(host: Isolated) -> None:
    text = """
import numpy as np
def compute_cost(AL, Y):
    return -np.log(np.where(Y == 1, AL, 1 - AL)).mean()
"""
    outcome = only(host, text, "compute_cost", examples=2)
    assert outcome.verdict is Verdict.EXACT, why(outcome)
    assert any("labels are 0 or 1" in remark for remark in outcome.examined.remarks)
    swapped = only(host, text.replace("AL, 1 - AL", "1 - AL, AL"), "compute_cost", examples=2)
    assert swapped.verdict is Verdict.WRONG


@pytest.mark.parametrize("name", STYLES)
def test_every_style_is_right(host: Isolated, name: str) -> None:
    sample = STYLES[name]
    outcomes = checked(host, sample.text, examples=1).outcomes
    assert {o.members[0]: o.algorithm for o in outcomes} == sample.algorithms
    for outcome in outcomes:
        assert outcome.verdict in RIGHT, why(outcome)
        assert any(sample.said in remark for remark in outcome.examined.remarks) or not sample.said


def test_what_people_wrote_is_really_asked(host: Isolated) -> None:
    outcome = only(host, example("regularization"), "backward_propagation_with_regularization", examples=4)
    assert len(outcome.examined.findings) >= 8


# ---- what is wrong


def mistakes() -> list[tuple[str, str, str, str]]:
    """The example, the function that is wrong then, and what stands for what there."""
    return [
        ("optimizers", "update_parameters_with_gd", '"W" + str(l + 1)] -=', '"W" + str(l + 1)] +='),
        (
            "optimizers",
            "update_parameters_with_sgd",
            "for key in parameters:\n        parameters[key] =",
            'for key in ("W1", "W2"):\n        parameters[key] =',
        ),
        (
            "optimizers",
            "update_parameters_with_momentum",
            'beta * v["dW" + str(l)] + (1 - beta)',
            '(1 - beta) * v["dW" + str(l)] + beta',
        ),
        (
            "optimizers",
            "update_parameters_with_momentum",
            '- learning_rate * v["db" + str(l)]',
            '- learning_rate * grads["db" + str(l)]',
        ),
        (
            "optimizers",
            "update_parameters_with_rmsprop",
            'np.sqrt(s["d" + key]) + epsilon',
            'np.sqrt(s["d" + key] + epsilon)',
        ),
        ("optimizers", "update_parameters_with_rmsprop", "* np.square(g)", "* g"),
        ("optimizers", "update_parameters_with_adam", "(1 - np.power(beta1, t))", "(1 - beta1 * t)"),
        ("optimizers", "update_parameters_with_adam", "(1 - np.power(beta1, t))", "1"),
        (
            "optimizers",
            "update_parameters_with_adam",
            "(1 - np.power(beta2, t))",
            "(1 - np.power(beta2, t + 1))",
        ),
        (
            "optimizers",
            "update_parameters_with_adam",
            "(1 - np.power(beta2, t))",
            "(1 - np.power(beta2, t - 1))",
        ),
        (
            "optimizers",
            "update_parameters_with_adam",
            "np.sqrt(s_corrected[key]) + epsilon",
            "np.sqrt(s_corrected[key] + epsilon)",
        ),
        ("optimizers", "update_parameters_with_adam", "np.power(grads[key], 2)", "np.power(v[key], 2)"),
        (
            "optimizers",
            "update_parameters_with_adam",
            "return parameters, v, s, v_corrected, s_corrected",
            "return parameters, v_corrected, s_corrected",
        ),
        (
            "optimizers",
            "update_parameters_with_adamw",
            "+ weight_decay * parameters[key]",
            "- weight_decay * parameters[key]",
        ),
        ("optimizers", "update_lr", "1 + decay_rate * epoch_num", "1 + decay_rate"),
        (
            "optimizers",
            "schedule_lr_decay",
            "np.floor(epoch_num / time_interval)",
            "(epoch_num / time_interval)",
        ),
        ("network", "sigmoid", "np.exp(-Z)", "np.exp(Z)"),
        ("network", "relu_backward", "np.where(cache > 0", "np.where(dA > 0"),
        ("network", "sigmoid_backward", "dA * A * (1 - A)", "dA * cache * (1 - cache)"),
        ("network", "sigmoid_backward", "dA * A * (1 - A)", "A * (1 - A)"),
        ("network", "linear_forward", "W @ A + b", "W @ A"),
        (
            "network",
            "linear_activation_forward",
            "UNITS[activation][0](Z)",
            "relu(Z)",
        ),
        ("network", "L_model_forward", '{number}"], activation)', '{number}"], "relu")'),
        ("network", "compute_cost", "return -surprise", "return surprise"),
        ("network", "compute_cost", "np.log(1 - AL)", "np.log2(1 - AL)"),
        ("network", "linear_backward", "A_prev.T / examples", "A_prev.T"),
        ("network", "linear_backward", "dZ.mean(axis=1).reshape(b.shape)", "dZ.mean() * np.ones(b.shape)"),
        ("network", "linear_backward", "return W.T @ dZ", "return W.T @ dZ / examples"),
        (
            "network",
            "linear_activation_backward",
            "UNITS[activation][1]",
            "UNITS['sigmoid'][1]",
        ),
        ("network", "L_model_backward", "(1 - AL) - Y / AL", "(1 - AL) + Y / AL"),
        (
            "network",
            "L_model_backward",
            "caches[number - 1], activation",
            "caches[number - 2], activation",
        ),
        (
            "network",
            "update_parameters",
            "learning_rate * grads",
            "(learning_rate if name[0] == 'W' else 1) * grads",
        ),
        ("images", "zero_pad", "[:, pad:pad + height", "[:, 2 * pad:2 * pad + height"),
        ("images", "conv_single_step", " + np.asarray(b).item()", ""),
        ("images", "conv_forward", "q:q + s * cols:s", "q:q + cols"),
        ("images", "conv_forward", "@ W[r, q]", "@ W[f - 1 - r, f - 1 - q]"),
        ("images", "conv_backward", "d_padded[grid] +=", "d_padded[grid] ="),
        ("images", "conv_backward", "pad:pad + height, pad:pad + width], dW", ":height, :width], dW"),
        ("images", "conv_backward", "pad:pad + height, pad:pad + width], dW", "pad:-pad, pad:-pad], dW"),
        ("images", "pool_forward", "else np.mean", "else np.sum"),
        ("images", "pool_forward", "over(A_prev[pixels]", "over(np.abs(A_prev[pixels])"),
        ("images", "pool_backward", 'upstream / hparameters["f"] ** 2', "upstream"),
        ("images", "pool_backward", "dA_prev[pixels] +=", "dA_prev[pixels] ="),
        ("sequences", "softmax", "shares.sum(axis=0, keepdims=True)", "shares.sum()"),
        ("sequences", "rnn_cell_forward", 'p["Waa"] @ a_prev + p["ba"]', 'p["Waa"] @ a_prev'),
        ("sequences", "rnn_cell_backward", "(1 - a_next * a_next)", "(1 - np.tanh(a_next) ** 2)"),
        ("sequences", "rnn_backward", "da[..., t] + later,", "da[..., t],"),
        ("sequences", "rnn_backward", "total.get(name, 0.0) + grads[name]", "grads[name]"),
        (
            "sequences",
            "rnn_forward",
            "states, outputs, caches = a0,",
            "states, outputs, caches = np.zeros_like(a0),",
        ),
        ("sequences", "lstm_cell_forward", "a_next = o * np.tanh(c_next)", "a_next = o * c_next"),
        ("sequences", "lstm_cell_forward", "f * c_prev + i * candidate", "i * c_prev + f * candidate"),
        ("sequences", "lstm_forward", "(c_all, c)", "(c_all, a)"),
        ("sequences", "lstm_cell_backward", "dc = dc_next + da_next * o", "dc = da_next * o"),
        ("sequences", "lstm_cell_backward", '"dc_prev": dc * f', '"dc_prev": dc_next * f'),
        ("sequences", "lstm_backward", "da[..., t] + later_a, later_c", "da[..., t], later_c"),
        (
            "sequences",
            "lstm_backward",
            'later_a, later_c = grads.pop("da_prev"), grads.pop("dc_prev")',
            'later_a = grads.pop("da_prev")',
        ),
        ("sequences", "clip", "-maxValue, maxValue", "0, maxValue"),
        ("regularization", "compute_cost_with_regularization", "lambd / (2 * m)", "lambd / 2"),
        ("regularization", "compute_cost_with_regularization", "in (1, 2, 3))", "in (1, 2))"),
        (
            "regularization",
            "backward_propagation_with_regularization",
            "lambd / Y.shape[1]",
            "lambd / (2 * Y.shape[1])",
        ),
        ("regularization", "backward_propagation", "dZ = slopes[l - 1] * (", "dZ = ("),
        ("regularization", "forward_propagation", "relu(Z)", "sigmoid(Z)"),
        ("regularization", "forward_propagation_with_dropout", "relu(Z) / keep_prob", "relu(Z)"),
        ("regularization", "forward_propagation_with_dropout", "< keep_prob", "> keep_prob"),
        ("regularization", "forward_propagation_with_dropout", "relu(Z) / keep_prob", "relu(Z) * keep_prob"),
        ("regularization", "backward_propagation_with_dropout", "slope / keep_prob", "slope"),
        ("regularization", "random_mini_batches", "Y[:, chosen]))", "Y[:, np.sort(chosen)]))"),
        ("regularization", "random_mini_batches", "len(order),", "len(order) - mini_batch_size + 1,"),
        (
            "regularization",
            "random_mini_batches",
            "np.random.RandomState(seed).permutation(X.shape[1])",
            "np.arange(X.shape[1])",
        ),
    ]


@pytest.mark.parametrize(
    ("name", "function", "right", "wrong"),
    mistakes(),
    ids=[f"{function}: {wrong[:40]!r}" for _, function, _, wrong in mistakes()],
)
def test_mistakes_are_wrong(host: Isolated, name: str, function: str, right: str, wrong: str) -> None:
    text = example(name)
    start = re.search(rf"^def {function}\(", text, re.MULTILINE)
    assert start is not None
    at = text.find(right, start.start())
    assert at >= 0, "the example no longer reads so"
    edited = text[:at] + wrong + text[at + len(right) :]
    outcomes = checked(host, edited, name=function).outcomes
    assert any(outcome.verdict is Verdict.WRONG for outcome in outcomes), [o.verdict for o in outcomes]


def test_the_copy_that_is_never_refreshed_is_wrong(host: Isolated) -> None:
    """The handbook's AdamW decays the copy that initialize_adamw took."""
    text = example("optimizers").replace("weight_decay * parameters[key]", "weight_decay * w[key]")
    assert only(host, text, "update_parameters_with_adamw").verdict in RIGHT  # it refreshes the copy
    stale = text.replace("        w[key] = np.copy(parameters[key])\n", "")
    outcome = only(host, stale, "update_parameters_with_adamw")
    assert outcome.verdict is Verdict.WRONG
    assert {d.step for f in outcome.examined.findings for d in f.divergences} >= {2}
    assert 1 not in {d.step for f in outcome.examined.findings for d in f.divergences}


@pytest.mark.parametrize(
    ("name", "wrong", "absent"),
    [
        ("my_adam", {"update_parameters_with_adam"}, set()),
        ("network_wrong", {"relu_backward", "compute_cost", "linear_backward"}, {"L_model_backward"}),
    ],
)
def test_the_wrong_examples_are_wrong(host: Isolated, name: str, wrong: set[str], absent: set[str]) -> None:
    outcomes = checked(host, example(name), examples=4).outcomes
    assert {o.members[0] for o in outcomes if o.verdict is Verdict.WRONG} == wrong
    assert {o.members[0] for o in outcomes if o.verdict is Verdict.ABSENT} == absent


def test_a_backward_pass_is_not_to_blame_for_the_forward_pass(host: Isolated) -> None:
    text = example("sequences").replace("f * c_prev + i * candidate", "i * c_prev + f * candidate")
    assert only(host, text, "lstm_cell_forward").verdict is Verdict.WRONG
    backward = only(host, text, "lstm_cell_backward")
    assert backward.verdict is Verdict.ABSENT
    assert "lstm_cell_forward, which is wrong" in backward.examined.beyond[0]


# ---- what is not there yet, and what is something else


@pytest.mark.parametrize("name", UNFINISHED)
def test_what_is_unfinished_is_absent(host: Isolated, name: str) -> None:
    outcomes = checked(host, UNFINISHED[name]).outcomes
    assert outcomes
    for outcome in outcomes:
        assert outcome.verdict is Verdict.ABSENT, why(outcome)
        assert outcome.examined.absent


@pytest.mark.parametrize("name", NAMESAKES)
def test_a_namesake_is_not_called_wrong(host: Isolated, name: str) -> None:
    found = checked(host, NAMESAKES[name])
    assert not [why(o) for o in found.outcomes if o.verdict is Verdict.WRONG]


def test_what_answers_now_and_then_is_wrong(host: Isolated) -> None:
    text = "def linear_forward(A, W, b):\n    return (W @ A + b if A.shape[1] > 1 else None), (A, W, b)\n"
    assert only(host, text, "linear_forward").verdict is Verdict.WRONG


def test_an_initializer_is_drawn_from(host: Isolated) -> None:
    text = """
def initialize_parameters_he(layers_dims):
    np.random.seed(3)
    parameters = {}
    for l in range(1, len(layers_dims)):
        scale = np.sqrt(2.0 / layers_dims[l - 1])
        parameters['W' + str(l)] = np.random.randn(layers_dims[l], layers_dims[l - 1]) * scale
        parameters['b' + str(l)] = np.zeros((layers_dims[l], 1))
    return parameters

def initialize_parameters_xavier(layers_dims):
    W = np.random.randn(layers_dims[1], layers_dims[0]) * np.sqrt(1 / layers_dims[0])
    return {'W1': W, 'b1': np.zeros((layers_dims[1], 1))}

def initialize_parameters_random(layers_dims):
    return {'W1': np.random.randn(layers_dims[1], layers_dims[0]) * 10, 'b1': np.zeros((layers_dims[1], 1))}
"""
    source = {"name": "mine", "file": "/mine.py", "text": "import numpy as np\n" + text, "package": False}
    members = [Member.of(told) for told in host.load((source,), "mine", refused=[])["members"]]
    bound = bind(members, Wanted())
    assert [u.name for u in bound.unbound] == ["initialize_parameters_random"]
    stds = {"kaiming_normal": np.sqrt(2 / 400), "xavier_normal": np.sqrt(2 / 600)}
    assert {b.algorithm for b in bound.bindings} == set(stds)
    for binding in bound.bindings:
        assert binding.draw is not None
        weight = binding.draw(host, (200, 400), rng=Rng(7))
        assert weight.shape == (200, 400)
        assert abs(weight.std() / stds[binding.algorithm] - 1) < 0.02


ADAM = """
def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate, beta1, beta2, epsilon):
    for name in parameters:
        g = grads["d" + name]
        v["d" + name] = beta1 * v["d" + name] + (1 - beta1) * g
        s["d" + name] = beta2 * s["d" + name] + (1 - beta2) * g * g
        v_hat, s_hat = v["d" + name] / (1 - beta1**t), s["d" + name] / (1 - beta2**t)
        parameters[name] = parameters[name] - learning_rate * v_hat / (np.sqrt(s_hat) + epsilon)
    return parameters, v, s
"""


@pytest.mark.parametrize(
    "body",
    [
        # the shape of a bias is that of a column of its weight
        """L = len(parameters) // 2
    v, s = {}, {}
    for state in (v, s):
        for l in range(1, L + 1):
            W = parameters["W" + str(l)]
            state["dW" + str(l)] = np.zeros(W.shape)
            state["db" + str(l)] = np.zeros((W.shape[0], 1))
    return v, s
""",
        "return tuple({'d' + n: np.zeros_like(p) for n, p in parameters.items()} for _ in range(2))\n",
    ],
)
def test_the_state_of_their_own_is_used(host: Isolated, body: str) -> None:
    text = f"{ADAM}\ndef initialize_adam(parameters):\n    {body}"
    outcome = only(host, text, "update_parameters_with_adam")
    assert outcome.verdict is Verdict.EXACT, why(outcome)
    assert outcome.members == ("update_parameters_with_adam", "initialize_adam")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return {k: np.zeros(v.size, 2.0) for k, v in parameters.items()}, {}", "TypeError"),
        ("return {'dW3': np.zeros_like(parameters['W3'])}, {}", "W3"),
        ("raise RuntimeError('no state')", "no state"),
        ("return {'d' + n: np.ones_like(p) for n, p in parameters.items()}, 0 * grads", "grads"),
        ("return [{'d' + n: np.zeros_like(p) for n, p in parameters.items()}]", "1 value, where v, s"),
        ("return [{'d' + n: np.ones_like(p) for n, p in parameters.items()} for _ in range(2)]", ""),
    ],
)
def test_a_wrong_beginning_is_told(host: Isolated, body: str, said: str) -> None:
    text = f"{ADAM}\ndef initialize_adam(parameters):\n    {body}\n"
    outcome = only(host, text, "update_parameters_with_adam")
    assert outcome.verdict is Verdict.WRONG
    assert said in why(outcome)


@pytest.mark.parametrize("body", ["pass", "return None, None", "v = s = {}\n    return v, s"])
def test_an_unfinished_beginning_is_said_to_be(host: Isolated, body: str) -> None:
    text = f"{ADAM}\ndef initialize_adam(parameters):\n    {body}\n"
    outcome = only(host, text, "update_parameters_with_adam")
    assert outcome.verdict is Verdict.EXACT, why(outcome)
    assert outcome.members == ("update_parameters_with_adam",)
    assert any("initialize_adam returns nothing yet" in said for said in outcome.examined.remarks)


def test_one_name_does_not_make_a_file_ours(host: Isolated) -> None:
    text = """
def linear(x, weight, bias):
    return x @ weight.T + bias, (x, weight)
def linear_backward(dy, cache):
    x, weight = cache
    return dy @ weight, dy.T @ x, dy.sum(axis=0)
def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=0, keepdims=True))  # whatever the axis
    return e / e.sum(axis=0, keepdims=True)
def sigmoid(x):
    return 1 / (1 + np.exp(-x))
def sigmoid_backward(dy, y):
    return dy * y * (1 + y)
"""
    by_name = {o.algorithm: o for o in checked(host, text).outcomes}
    assert by_name["softmax"].verdict is Verdict.WRONG
    assert by_name["sigmoid"].verdict is Verdict.WRONG
    assert by_name["sigmoid"].members == ("sigmoid", "sigmoid_backward")
    assert {by_name[name].dialect for name in ("softmax", "sigmoid")} == {"native"}


def test_a_form_that_is_not_known_is_said(host: Isolated) -> None:
    found = checked(
        host, "def update_parameters_with_adam(w, b, dw, db, lr):\n    return w - lr * dw, b - lr * db\n"
    )
    (unbound,) = [one for one in found.unbound if one.name == "update_parameters_with_adam"]
    assert "update_parameters_with_adam(parameters, grads, v, s, t" in unbound.reason
