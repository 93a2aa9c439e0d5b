"""Parameters by name: a flat dict is a tree whose branches are prefixes, as in torch's `state_dict`."""


def check_keys(function, params, wanted):
    """Raise ValueError unless `params` has the names `wanted` and no others."""
    wrong = [f"{key} is missing" for key in wanted if key not in params]
    wrong += [f"{key} is unexpected" for key in params if key not in wanted]
    if wrong:
        keys = ", ".join(wanted)
        raise ValueError(f"{function}: params must have the keys {keys}, but {' and '.join(wrong)}")


def check_params(function, params, wanted):
    """Raise ValueError unless `params` has the names of `wanted` and no others, each of the wanted shape."""
    check_keys(function, params, wanted)
    for name, shape in wanted.items():
        if params[name].shape != shape:
            raise ValueError(f"{function}: {name} has shape {params[name].shape}, but must be {shape}")


def check_names(function, argument, named, known):
    """Raise ValueError for a name that is none of those known: what is misspelt would not be missed."""
    unknown = [name for name in named if name not in known]
    if unknown:
        raise ValueError(f"{function}: {argument} has {unknown[0]!r}, but can only have {', '.join(known)}")


def under(prefix, named):
    """What stands under a prefix, by the rest of its name; nothing stands under it in None."""
    return {
        name.removeprefix(prefix): value for name, value in (named or {}).items() if name.startswith(prefix)
    }


def prefixed(prefix, named):
    """The same with a prefix to every name."""
    return {prefix + name: value for name, value in named.items()}


def renamed(named, **names):
    """The same with those names changed that `names` has, old=new."""
    return {names.get(name, name): value for name, value in named.items()}


def added(grads, more):
    """Gradients by name, and their sum where both have one."""
    return grads | {name: grads[name] + grad if name in grads else grad for name, grad in more.items()}
