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


# GRADED FUNCTION: linear_forward
def linear_forward(A, W, b):
    ### START CODE HERE ### (≈ 1 line of code)
    Z = W @ A + b
    ### END CODE HERE ###
    cache = (A, W, b)
    return Z, cache


# GRADED FUNCTION: compute_cost
def compute_cost(AL, Y):
    m = Y.shape[1]
    ### START CODE HERE ### (≈ 1 lines of code)
    cost = -np.sum(Y*np.log(AL) - (1-Y)*np.log(1-AL))/m
    ### END CODE HERE ###
    return np.squeeze(cost)


# GRADED FUNCTION: linear_backward
def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    ### START CODE HERE ### (≈ 3 lines of code)
    dW = dZ @ A_prev.T / m
    db = np.sum(dZ) / m
    dA_prev = W.T @ dZ
    ### END CODE HERE ###
    return dA_prev, dW, db


# GRADED FUNCTION: L_model_forward
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


# GRADED FUNCTION: L_model_backward
def L_model_backward(AL, Y, caches):
    ### START CODE HERE ###
    grads = None
    ### END CODE HERE ###
    return grads
