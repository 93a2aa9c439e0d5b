"""torch's networks: `torch.nn` modules that take the parameters by `load_state_dict(strict=True)`."""

from collections import OrderedDict
from typing import Any, NamedTuple

import torch
from torch import nn
from torch.func import functional_call

from reference._torch import operation

ACTIVATIONS = {
    "identity": nn.Identity,
    "sigmoid": nn.Sigmoid,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "tanh": nn.Tanh,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "hardtanh": nn.Hardtanh,
}


def loaded(module, params):
    """The module once it has taken the parameters as its own, where they are and in their dtype."""
    module.to(next(tensor for tensor in params.values() if tensor.is_floating_point()))
    module.load_state_dict(params, strict=True)
    return module


def weights_under(prefix, params):
    """The weights whose keys begin with the prefix, in their order."""
    return [tensor for key, tensor in params.items() if key.startswith(prefix) and key.endswith(".weight")]


# ---- multi-layer perceptron ----


def mlp_layers(weights, activation):
    """Linear, activation, Linear, …, Linear, of the sizes of these weights."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i, weight in enumerate(weights):
        if i > 0:
            layers[str(2 * i - 1)] = ACTIVATIONS[activation]()
        layers[str(2 * i)] = nn.Linear(weight.shape[1], weight.shape[0])
    return nn.Sequential(layers)


def mlp_module(params, *, activation="tanh"):
    """The module whose `state_dict` the tensors `params` are: Linear, activation, Linear, …, Linear."""
    return loaded(mlp_layers(weights_under("", params), activation), params)


@operation
def mlp(x, params, *, activation="tanh"):
    return functional_call(mlp_module(params, activation=activation), params, (x,), strict=True)


# ---- convolutional network ----


def convnet_module(params, *, activation="relu", padding=1, pool_size=2):
    """Conv2d, activation, MaxPool2d, …; Flatten; Linear, activation, …, Linear."""
    features = nn.Sequential()
    for weight in weights_under("features.", params):
        out_channels, in_channels, *kernel_size = weight.shape
        features.append(nn.Conv2d(in_channels, out_channels, tuple(kernel_size), padding=padding))
        features.append(ACTIVATIONS[activation]())
        features.append(nn.MaxPool2d(pool_size))
    classifier = mlp_layers(weights_under("classifier.", params), activation)
    layers = OrderedDict(features=features, flatten=nn.Flatten(), classifier=classifier)
    return loaded(nn.Sequential(layers), params)


@operation
def convnet(x, params, *, activation="relu", padding=1, pool_size=2):
    module = convnet_module(params, activation=activation, padding=padding, pool_size=pool_size)
    return functional_call(module, params, (x,), strict=True)


# ---- residual network ----


class BasicBlock(nn.Module):
    """He et al.'s block; its modules have the names that torchvision gave them."""

    def __init__(self, before, channels, activation, projected, **norm):
        super().__init__()
        stride = 2 if projected else 1
        self.conv1 = nn.Conv2d(before, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels, **norm)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels, **norm)
        self.activation = ACTIVATIONS[activation]()
        self.downsample: nn.Module = nn.Identity()
        if projected:
            projection = nn.Conv2d(before, channels, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(channels, **norm))

    def forward(self, x):
        branch = self.bn2(self.conv2(self.activation(self.bn1(self.conv1(x)))))
        return self.activation(self.downsample(x) + branch)


class ResNet(nn.Module):
    """Stages of blocks behind one convolution, the mean of every channel, and a linear layer."""

    def __init__(self, params, activation, **norm):
        super().__init__()
        channels, in_channels, *_ = params["conv1.weight"].shape
        self.conv1 = nn.Conv2d(in_channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels, **norm)
        self.activation = ACTIVATIONS[activation]()
        self.stages: list[str] = []
        while f"layer{len(self.stages) + 1}.0.conv1.weight" in params:
            stage, blocks = f"layer{len(self.stages) + 1}", nn.Sequential()
            while f"{stage}.{len(blocks)}.conv1.weight" in params:
                of_block = f"{stage}.{len(blocks)}."
                channels, before, *_ = params[f"{of_block}conv1.weight"].shape
                projected = f"{of_block}downsample.0.weight" in params
                blocks.append(BasicBlock(before, channels, activation, projected, **norm))
            self.stages.append(stage)
            self.add_module(stage, blocks)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels, params["fc.weight"].shape[0])

    def forward(self, x):
        x = self.activation(self.bn1(self.conv1(x)))
        for stage in self.stages:
            x = self.get_submodule(stage)(x)
        return self.fc(self.avgpool(x).flatten(1))


class ResidualNetwork(NamedTuple):
    y: Any
    buffers: dict[str, Any]


@operation
def residual_network(x, params, *, training, activation="relu", momentum=0.1, eps=1e-5):
    """The norms update their buffers in place, so that copies go in, which are read off afterwards."""
    module = loaded(ResNet(params, activation, momentum=momentum, eps=eps), params).train(training)
    buffers = {key: params[key].detach().clone() for key, _ in module.named_buffers()}
    return ResidualNetwork(functional_call(module, params | buffers, (x,), strict=True), buffers)


# ---- recurrent networks ----


class SequenceClassifier(nn.Module):
    """An embedding, an LSTM, and a linear layer on the last hidden state of its uppermost layer."""

    def __init__(self, params, padding_idx):
        super().__init__()
        (tokens, features), hidden = params["embedding.weight"].shape, params["lstm.weight_hh_l0"].shape[1]
        directions = 2 if "lstm.weight_ih_l0_reverse" in params else 1
        layers = sum(key.startswith("lstm.weight_ih_l") for key in params) // directions
        self.embedding = nn.Embedding(tokens, features, padding_idx)
        self.lstm = nn.LSTM(features, hidden, layers, batch_first=True, bidirectional=directions == 2)
        self.output = nn.Linear(directions * hidden, params["output.weight"].shape[0])

    def forward(self, tokens, lengths):
        x = self.embedding(tokens)
        if lengths is not None:
            x = nn.utils.rnn.pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        _, (h_n, _) = self.lstm(x)
        last = torch.cat([h_n[-2], h_n[-1]], -1) if self.lstm.bidirectional else h_n[-1]
        return self.output(last)


@operation
def sequence_classifier(tokens, params, lengths=None, *, padding_idx=None):
    module = loaded(SequenceClassifier(params, padding_idx), params)
    return functional_call(module, params, (tokens, lengths), strict=True)


class CharacterModel(NamedTuple):
    y: Any
    h_n: Any


class CharacterModule(nn.Module):
    """An embedding, a GRU, and a linear layer on every hidden state."""

    def __init__(self, params):
        super().__init__()
        (characters, features), hidden = params["embedding.weight"].shape, params["gru.weight_hh_l0"].shape[1]
        layers = sum(key.startswith("gru.weight_ih_l") for key in params)
        self.embedding = nn.Embedding(characters, features)
        self.gru = nn.GRU(features, hidden, layers, batch_first=True)
        self.output = nn.Linear(hidden, characters)

    def forward(self, tokens, h_0):
        h, h_n = self.gru(self.embedding(tokens), h_0)
        return CharacterModel(self.output(h), h_n)


def character_module(params):
    return loaded(CharacterModule(params), params)


@operation
def character_model(tokens, params, h_0=None):
    return functional_call(character_module(params), params, (tokens, h_0), strict=True)
