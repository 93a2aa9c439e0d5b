"""The plainest forms that people write: in place, by attribute, a derivative alone, a loss with gradients."""

from collections.abc import Iterator

import pytest

from parity_tests.judging import examine
from parity_tests.people.binding import Member, Unbound, UsageError
from parity_tests.people.finding import Wanted, find_all
from parity_tests.people.host import Isolated
from parity_tests.people.names import algorithm_of
from parity_tests.posing import Exam
from parity_tests.samples.native import Sample
from parity_tests.samples.native_plain import PLAIN
from parity_tests.samples.native_tempting import BIAS_NUMBER, TEMPTING
from parity_tests.test_native import RIGHT, bound, examined
from parity_tests.verdicts import Verdict


@pytest.fixture(scope="module")
def host() -> Iterator[Isolated]:
    with Isolated() as host:
        yield host


@pytest.mark.parametrize(
    "sample", [*PLAIN, *TEMPTING], ids=lambda sample: f"{sample.algorithm}-{sample.right}"
)
def test_plain_forms(host: Isolated, sample: Sample) -> None:
    found = examined(host, sample.algorithm, sample.source)
    differences = [difference for finding in found.findings for difference in finding.differences][:3]
    assert (found.verdict in RIGHT) is sample.right, f"{found.verdict}: {differences} {found.beyond}"
    assert sample.right or found.verdict is Verdict.WRONG
    assert sample.said in "\n".join(found.remarks)


def test_a_gradient_beside_a_loss_is_asked_for(host: Isolated) -> None:
    right = next(sample for sample in PLAIN if "def kl_loss" in sample.source)
    found = examined(host, right.algorithm, right.source)
    assert {finding.kind for finding in found.findings} == {"outputs", "gradients"}
    assert "no backward" not in "\n".join(found.remarks)


@pytest.mark.parametrize("rest", ["pass", "total = sum((g ** 2).sum() for g in grads)"])
def test_what_changes_nothing_is_absent(host: Isolated, rest: str) -> None:
    found = examined(host, "clip_grad_norm", f"def clip_grads(grads, max_norm):\n    {rest}\n")
    assert found.absent == "it returns nothing and changes nothing"


def test_a_layer_that_leaves_nothing_is_absent(host: Isolated) -> None:
    found = examined(host, "relu", "class ReLU:\n    def forward(self, x):\n        self.output = None\n")
    assert found.absent == "it returns None"


def test_a_scaler_that_is_still_to_be_written_is_absent(host: Isolated) -> None:
    source = """
        class StandardScaler:
            def fit(self, X):
                pass
            def transform(self, X):
                pass
    """
    assert examined(host, "standardize", source).absent == "its transform returns None"


def test_the_gradient_of_a_bias_that_is_a_number_is_asked_for(host: Isolated) -> None:
    for factor, verdict in (("1", RIGHT), ("7", {Verdict.WRONG})):
        (binding,) = bound(host, BIAS_NUMBER.format(factor=factor)).bindings
        found = examine(binding, host, Exam())  # some of its questions have one output
        assert found.verdict in verdict


def test_the_numbers_of_a_wrong_pooling_are_told(host: Isolated) -> None:
    """It can't take a stride for each axis: what it answers where it can says more than the errors."""
    source = """
        def max_pool2d(x, kernel_size, stride):
            N, C, H, W = x.shape
            k, s = kernel_size, stride
            oh, ow = (H - k) // s + 1, (W - k) // s + 1
            out = np.empty((N, C, oh, ow))
            for i in range(oh):
                for j in range(ow):
                    out[..., i, j] = x[..., i * s:i * s + k, j * s:j * s + k].REDUCED(axis=(-2, -1))
            return out
        """
    assert examined(host, "max_pool2d", source.replace("REDUCED", "max")).verdict is Verdict.EXACT
    found = examined(host, "max_pool2d", source.replace("REDUCED", "min"))
    assert found.verdict is Verdict.WRONG
    assert any(finding.divergences for finding in found.findings)


def test_complex_numbers_are_no_answer(host: Isolated) -> None:
    found = examined(host, "sigmoid", "def sigmoid(x):\n    return 1 / (1 + np.exp(-x)) + 0j\n")
    assert found.verdict is Verdict.WRONG
    assert not found.raises
    assert found.findings[0].message == "it returned complex numbers"


def test_what_divides_by_a_beta_of_0_is_unstable(host: Isolated) -> None:
    """The limit is torch's; what has a wrong number there, or NaN elsewhere, is wrong."""
    source = """
        def smooth_l1_loss(pred, target, beta=1.0):
            d = np.abs(pred - target)
            if beta == 0:
                return AT_ZERO
            return np.where(d < beta, 0.5 * d ** 2 / beta, d - 0.5 * beta).mean() OTHERWISE
        """
    for at_zero, otherwise, verdict in (
        ("d.mean()", "", Verdict.EXACT),
        ("np.nan", "", Verdict.UNSTABLE),
        ("1 / beta", "", Verdict.UNSTABLE),
        ("2 * d.mean()", "", Verdict.WRONG),
        ("np.nan", "+ np.nan", Verdict.WRONG),
    ):
        text = source.replace("AT_ZERO", at_zero).replace("OTHERWISE", otherwise)
        assert examined(host, "smooth_l1_loss", text).verdict is verdict, (at_zero, otherwise)


def test_the_kind_of_a_class_before_its_name() -> None:
    assert algorithm_of(Member("Layer_Dense", "class")) == "linear"
    assert algorithm_of(Member("Activation_Softmax", "class")) == "softmax"
    assert algorithm_of(Member("LayerNorm", "class")) == "layer_norm"
    assert algorithm_of(Member("activation_value", "function")) == ""


# ---- what --map says ----

THING = """
class Thing:
    def __init__(self, ws, rate=0.001, b1=0.9, b2=0.999, tiny=1e-8):
        self.ws, self.rate, self.b1, self.b2, self.tiny = ws, rate, b1, b2, tiny
        self.m, self.v, self.t = [0 * w for w in ws], [0 * w for w in ws], 0

    def go(self, gs):
        self.t += 1
        for i, g in enumerate(gs):
            self.m[i] = self.b1 * self.m[i] + (1 - self.b1) * g
            self.v[i] = self.b2 * self.v[i] + (1 - self.b2) * g * g
            m, v = self.m[i] / (1 - self.b1 ** self.t), self.v[i] / (1 - self.OTHER ** self.t)
            self.ws[i] -= self.rate * m / (np.sqrt(v) + self.tiny)
"""
MAPPED = (("step", "go"), ("params", "ws"), ("lr", "rate"), ("beta1", "b1"), ("beta2", "b2"), ("eps", "tiny"))


def test_a_map_to_the_parameters_of_a_constructor(host: Isolated) -> None:
    wanted = Wanted("Thing", "adam", map=MAPPED)
    assert examined(host, "adam", THING.replace("OTHER", "b2"), wanted).verdict is Verdict.EXACT
    assert examined(host, "adam", THING.replace("OTHER", "b1"), wanted).verdict is Verdict.WRONG
    unmapped = bound(host, THING.replace("OTHER", "b2"), Wanted("Thing", "adam")).unbound
    assert isinstance(unmapped[0], Unbound)
    assert "it has no method" in unmapped[0].reason


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (
            ("step", "nosuch"),
            "Thing has no parameter or method 'nosuch'; there is ws, rate, b1, b2",
        ),
        (("foo", "rate"), "'foo' is no name of ours; there is param, grad, state, lr, betas"),
    ],
)
def test_a_map_of_unknown_names_is_one_sentence(host: Isolated, pair: tuple[str, str], said: str) -> None:
    source = {"name": "theirs", "file": "theirs.py", "text": f"import numpy as np{THING}", "package": False}
    members = [Member.of(member) for member in host.load([source], "theirs")["members"]]
    with pytest.raises(UsageError, match=said.replace("(", r"\(")):
        find_all(members, Wanted("Thing", "adam", map=(pair,)))
