# deep nn, my solution
import numpy as np


def sigmoid(Z):
    return 1/(1+np.exp(-Z)), Z

def relu(Z):
    return np.maximum(0,Z), Z

def relu_backward(dA, cache):
    dZ = np.array(dA, copy=True)
    dZ[dA <= 0] = 0        # kill the negative ones
    return dZ

def sigmoid_backward(dA, cache):
    s, _ = sigmoid(cache)
    return dA * s * (1-s)


def linear_forward(A, W, b):
    Z = W @ A + b
    cache = (A, W, b)
    return Z, cache


def compute_cost(AL, Y):
    m = Y.shape[1]
    cost = -np.sum(Y*np.log(AL) - (1-Y)*np.log(1-AL))/m
    return np.squeeze(cost)


def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    dW = dZ @ A_prev.T / m
    db = np.sum(dZ) / m
    dA_prev = W.T @ dZ
    return dA_prev, dW, db


def L_model_forward(X, parameters):
    caches = []
    A = X
    L = len(parameters) // 2
    for l in range(1, L):
        Z, linear_cache = linear_forward(A, parameters['W'+str(l)], parameters['b'+str(l)])
        A, Z_cache = relu(Z)
        caches.append((linear_cache, Z_cache))
    Z, linear_cache = linear_forward(A, parameters['W'+str(L)], parameters['b'+str(L)])
    AL, Z_cache = sigmoid(Z)
    caches.append((linear_cache, Z_cache))
    return AL, caches


def L_model_backward(AL, Y, caches):
    grads = None  # tomorrow
    return grads
