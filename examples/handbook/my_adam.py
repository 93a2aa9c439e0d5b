# Adam from the blog post (week 4 homework)
import numpy as np
import matplotlib.pyplot as plt


def initialize_adam(parameters):
    L = len(parameters) // 2
    v = {}
    s = {}
    for l in range(L):
        v["dW" + str(l+1)] = np.zeros_like(parameters["W" + str(l+1)])
        v["db" + str(l+1)] = np.zeros_like(parameters["b" + str(l+1)])
        s["dW" + str(l+1)] = np.zeros_like(parameters["W" + str(l+1)])
        s["db" + str(l+1)] = np.zeros_like(parameters["b" + str(l+1)])
    return v, s


def update_parameters_with_adam(parameters, grads, v, s, t, learning_rate=0.01,
                                beta1=0.9, beta2=0.999, epsilon=1e-8):
    L = len(parameters) // 2

    for l in range(L):
        for p in ["W", "b"]:
            k = "d" + p + str(l+1)
            # moving averages
            v[k] = beta1 * v[k] + (1 - beta1) * grads[k]
            s[k] = beta2 * s[k] + (1 - beta2) * grads[k] ** 2

            # bias correction, with v_tnorm as in the post
            v_norm = v[k] / (1 - beta1 ** t)
            v_tnorm = v[k] / (1 - beta2 ** t)

            parameters[p + str(l+1)] -= learning_rate * v_norm / (np.sqrt(v_tnorm) + epsilon)

    return parameters, v, s


if __name__ == "__main__":
    parameters = {"W1": np.ones((2, 2)), "b1": np.zeros((2, 1))}
    v, s = initialize_adam(parameters)
    for t in range(1, 11):
        grads = {"d" + key: 2 * value for key, value in parameters.items()}
        parameters, v, s = update_parameters_with_adam(parameters, grads, v, s, t)
    print(parameters["W1"])
    plt.show()
