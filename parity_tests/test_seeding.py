"""Generators that a file makes for itself obey the seed that is asked for."""

import numpy as np

from parity_tests.sandbox.seeding import Generators


def test_each_draws_its_own_numbers_and_the_same_after_the_same_seed() -> None:
    made = Generators()
    made.loading = True
    first, second = made.default_rng(), made.default_rng(5)
    made.loading = False
    draws = []
    for world in (3, 4, 3):
        made.seed(world)
        draws.append(
            [first.random(), second.random(), made.default_rng().random(), made.default_rng().random()]
        )
    assert draws[0] == draws[2]
    assert len({*draws[0], *draws[1]}) == 8


def test_a_seed_inside_a_call_is_kept() -> None:
    made = Generators()
    made.seed(3)
    assert made.default_rng(5).random() == np.random.default_rng(5).random()
    given = np.random.default_rng(6)
    assert made.default_rng(given) is given
