"""What constructors ask for in place of arrays: sizes, by the names that people give them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from parity_tests.people.signatures import words


def _words(text: str) -> frozenset[str]:
    return frozenset(words(text))


INPUTS = _words(
    "infeatures inputdim indim nin fanin din inputsize insize inputs ninputs numinputs inputfeatures "
    "inchannels cin inc inch nfeatures i dinput indims nx numfeatures inputchannels nchannels xdim "
    "features dim d"
)
OUTPUTS = _words(
    "outfeatures outputdim outdim nout fanout dout outputsize outsize outputs noutputs numoutputs units "
    "nunits outchannels cout outc outch o doutput outdims neurons nneurons numfilters nfilters filters "
    "outputfeatures outputchannels classes nclasses numclasses"
)
HIDDEN = _words("hiddensize hiddendim hidden nhidden h units numhidden hdim hiddenunits nh")
FEATURES = _words(
    "numfeatures dim features dmodel normalizedshape size d n channels numchannels c hiddensize nfeatures "
    "embeddim featuredim units shape ndim numparameters nchannels insize inputdim nout infeatures "
    "featureshape hiddendim inputsize numchannel"
)
KERNEL = _words("kernelsize k kernel filtersize ks ksize f kernelshape")
VOCABULARY = _words("numembeddings vocabsize vocab nvocab v numtokens nembeddings vocabularysize n")
EMBEDDING = _words("embeddingdim embeddim dim dmodel d embdim hiddensize embedsize embeddingsize nembd")

Values = Mapping[str, Any]
Sizes = list[tuple[frozenset[str], Any]]


def sizes(algorithm: str, values: Values) -> Sizes:
    """The names of each size that a constructor may ask for, and its value for these arrays."""
    for known, told in TOLD:
        if known(algorithm, values):
            return told(values)
    return []


def _cell(values: Values) -> Sizes:
    params = values["params"]
    return [(HIDDEN, params["weight_hh"].shape[1]), (INPUTS, params["weight_ih"].shape[1])]


def _convolution(values: Values, transposed: bool = False) -> Sizes:
    outputs, inputs, *kernel = values["weight"].shape
    groups = values.get("groups", 1)
    into, out = (outputs, inputs * groups) if transposed else (inputs * groups, outputs)
    return [(OUTPUTS, out), (INPUTS, into), (KERNEL, kernel[0] if len(set(kernel)) == 1 else tuple(kernel))]


def _last_axes(values: Values) -> Sizes:
    weight = values.get("weight")
    own = values.get("normalized_shape") or values["x"].shape[-1:]
    shape = np.shape(weight) if weight is not None else tuple(np.atleast_1d(own).tolist())
    return [(FEATURES, shape[0] if len(shape) == 1 else shape)]


def _matrix(values: Values) -> Sizes:
    *outputs, inputs = values["weight"].shape
    return [*((OUTPUTS, n) for n in outputs), (INPUTS, inputs)]


def _has_weight(values: Values, axes: tuple[int, ...]) -> bool:
    return values.get("weight") is not None and np.ndim(values["weight"]) in axes


TOLD: tuple[tuple[Callable[[str, Values], bool], Callable[[Values], Sizes]], ...] = (
    (lambda name, values: "weight_ih" in (values.get("params") or {}), _cell),
    (
        lambda name, values: name == "embedding",
        lambda values: [(VOCABULARY, values["weight"].shape[0]), (EMBEDDING, values["weight"].shape[1])],
    ),
    (lambda name, values: name == "conv_transpose2d", lambda values: _convolution(values, transposed=True)),
    (lambda name, values: name in ("conv1d", "conv2d"), _convolution),
    (
        lambda name, values: name == "multi_head_attention",
        lambda values: [(EMBEDDING | FEATURES, values["query"].shape[-1])],
    ),
    (lambda name, values: name in ("layer_norm", "rms_norm"), _last_axes),
    (
        lambda name, values: name in ("batch_norm", "group_norm", "instance_norm"),
        lambda values: [(FEATURES, values["x"].shape[1])],
    ),
    (lambda name, values: name == "prelu", lambda values: [(FEATURES, np.size(values["weight"]))]),
    (lambda name, values: _has_weight(values, (1, 2)), _matrix),
)
