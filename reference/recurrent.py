"""torch's recurrent networks: the modules of `torch.nn`, which take the parameters by `load_state_dict`."""

from contextlib import ExitStack
from typing import NamedTuple

import torch
from torch import nn
from torch.func import functional_call
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from reference._masks import MasksGiven
from reference._platform import without_cudnn
from reference._torch import operation


class Sequences(NamedTuple):
    output: torch.Tensor
    h_n: torch.Tensor


class LSTMSequences(NamedTuple):
    output: torch.Tensor
    h_n: torch.Tensor
    c_n: torch.Tensor


class LSTMState(NamedTuple):
    h: torch.Tensor
    c: torch.Tensor


class Predictions(NamedTuple):
    y: torch.Tensor
    h_n: torch.Tensor


def _call(module, params, x, state):
    """The module's answer, once it has taken the parameters as its own."""
    module.to(next(iter(params.values())))  # its dtype and device
    module.load_state_dict(params, strict=True)
    return functional_call(module, params, (x, state), strict=True)


def _pair(h, c):
    """The state of an LSTM: torch wants both parts of it or neither."""
    if h is None and c is None:
        return None
    return (torch.zeros_like(c) if h is None else h, torch.zeros_like(h) if c is None else c)


@operation
def rnn_cell(x, params, h=None, *, bias=True, nonlinearity="tanh"):
    weight = params["weight_ih"]
    return _call(nn.RNNCell(weight.shape[1], len(weight), bias, nonlinearity), params, x, h)


@operation
def lstm_cell(x, params, h=None, c=None, *, bias=True):
    weight = params["weight_ih"]
    return LSTMState(*_call(nn.LSTMCell(weight.shape[1], len(weight) // 4, bias), params, x, _pair(h, c)))


@operation
def gru_cell(x, params, h=None, *, bias=True):
    weight = params["weight_ih"]
    return _call(nn.GRUCell(weight.shape[1], len(weight) // 3, bias), params, x, h)


def _sequences(module, x, params, state, lengths, dropout_mask):
    """The module's answer to whole sequences, packed where their lengths are given."""
    masks, inputs = [], x
    if dropout_mask is None:
        module.dropout = 0.0  # as in eval mode, in which cuDNN has no backward
    else:
        masks = list(dropout_mask.transpose(1, 2) if module.batch_first else dropout_mask)
    if lengths is not None:
        lengths = lengths.cpu()
        inputs = pack_padded_sequence(x, lengths, module.batch_first, enforce_sorted=False)
        masks = [pack_padded_sequence(mask, lengths, enforce_sorted=False).data for mask in masks]
    with ExitStack() as given:
        if masks:
            given.enter_context(MasksGiven(masks))
            given.enter_context(without_cudnn())  # cuDNN would draw masks of its own
        output, last = _call(module, params, inputs, state)
    if lengths is not None:
        T = x.shape[1 if module.batch_first else 0]
        output, _ = pad_packed_sequence(output, module.batch_first, total_length=T)
    return output, last


def _sizes(params):
    """D and H."""
    return params["weight_ih_l0"].shape[1], params["weight_hh_l0"].shape[1]


@operation
def rnn(
    x,
    params,
    h_0=None,
    lengths=None,
    dropout_mask=None,
    *,
    nonlinearity="tanh",
    num_layers=1,
    bias=True,
    batch_first=False,
    dropout=0.0,
    bidirectional=False,
):
    module = nn.RNN(*_sizes(params), num_layers, nonlinearity, bias, batch_first, dropout, bidirectional)
    return Sequences(*_sequences(module, x, params, h_0, lengths, dropout_mask))


@operation
def lstm(
    x,
    params,
    h_0=None,
    c_0=None,
    lengths=None,
    dropout_mask=None,
    *,
    num_layers=1,
    bias=True,
    batch_first=False,
    dropout=0.0,
    bidirectional=False,
):
    module = nn.LSTM(*_sizes(params), num_layers, bias, batch_first, dropout, bidirectional)
    output, last = _sequences(module, x, params, _pair(h_0, c_0), lengths, dropout_mask)
    return LSTMSequences(output, *last)


@operation
def gru(
    x,
    params,
    h_0=None,
    lengths=None,
    dropout_mask=None,
    *,
    num_layers=1,
    bias=True,
    batch_first=False,
    dropout=0.0,
    bidirectional=False,
):
    module = nn.GRU(*_sizes(params), num_layers, bias, batch_first, dropout, bidirectional)
    return Sequences(*_sequences(module, x, params, h_0, lengths, dropout_mask))


@operation
def rnn_with_output(x, W_xh, W_hh, b_h, W_hy, b_y, h_0=None, *, nonlinearity="tanh"):
    """One bias of torch's two is b_h, the other zero."""
    H, D = W_xh.shape
    weights = {"weight_ih_l0": W_xh, "weight_hh_l0": W_hh}
    biases = {"bias_ih_l0": b_h, "bias_hh_l0": torch.zeros_like(b_h)}
    state = None if h_0 is None else h_0[None]
    h, h_n = _call(nn.RNN(D, H, nonlinearity=nonlinearity), weights | biases, x, state)
    y = functional_call(nn.Linear(H, len(b_y)), {"weight": W_hy, "bias": b_y}, (h,))
    return Predictions(y, h_n[0])


@operation
def residual_rnn(x, params, h_0=None, *, nonlinearity="tanh"):
    F, _ = _call(nn.RNN(*_sizes(params), nonlinearity=nonlinearity), params, x, h_0)
    return x + F


@operation
def residual_lstm(x, params, h_0=None, c_0=None):
    F, _ = _call(nn.LSTM(*_sizes(params)), params, x, _pair(h_0, c_0))
    return x + F
