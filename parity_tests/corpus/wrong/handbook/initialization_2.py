import numpy as np


def initialize_parameters_he(layers_dims):
    parameters = {}
    for l in range(1, len(layers_dims)):
        std = np.sqrt(1.0 / layers_dims[l - 1])
        parameters[f"W{l}"] = np.random.randn(layers_dims[l], layers_dims[l - 1]) * std
        parameters[f"b{l}"] = np.zeros((layers_dims[l], 1))
    return parameters


def initialize_parameters_xavier(layers_dims):
    parameters = {}
    for l in range(1, len(layers_dims)):
        n_in, n_out = layers_dims[l - 1], layers_dims[l]
        bound = np.sqrt(2.0 / (n_in + n_out))
        parameters[f"W{l}"] = np.random.uniform(-bound, bound, (n_out, n_in))
        parameters[f"b{l}"] = np.zeros((n_out, 1))
    return parameters
