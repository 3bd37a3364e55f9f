"""The queue of renders gives every client its share, and is first in, first out for one alone."""

import sys
from collections import Counter
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixmill.runtime.fair_queue import FairQueue


class Item(NamedTuple):
    client: str
    work_s: float
    number: int


def queue_of(*items: Item) -> FairQueue[Item]:
    queue: FairQueue[Item] = FairQueue(lambda item: item.client, lambda item: item.work_s)
    for item in items:
        queue.append(item)
    return queue


def test_one_client_alone_is_served_in_order() -> None:
    items = [Item("a", number % 3, number) for number in range(20)]
    queue = queue_of(*items)
    assert [queue.pop() for _ in items] == items
    with pytest.raises(IndexError):
        queue.pop()


def test_a_client_with_one_item_does_not_wait_for_all_of_another() -> None:
    queue = queue_of(*[Item("flood", 1.0, number) for number in range(100)], Item("other", 1.0, 0))
    assert "other" in {queue.pop().client for _ in range(2)}


def test_clients_get_equal_work_not_equal_numbers() -> None:
    queue = queue_of(*[Item("long", 4.0, n) for n in range(50)], *[Item("short", 1.0, n) for n in range(200)])
    served = Counter(queue.pop().client for _ in range(50))
    assert served["short"] == pytest.approx(4 * served["long"], abs=4)


def test_a_client_that_always_asks_for_one_thing_gets_no_more_than_its_share() -> None:
    queue = queue_of(*[Item("short", 1.0, n) for n in range(200)], Item("long", 4.0, 0))
    served: Counter[str] = Counter()
    for number in range(50):
        client = queue.pop().client
        served[client] += 1
        if client == "long":
            queue.append(Item("long", 4.0, number))
    assert served["short"] == pytest.approx(4 * served["long"], abs=4)


def test_clients_that_come_once_are_forgotten() -> None:
    queue = queue_of(*[Item("short", 1.0, n) for n in range(2_000)])
    before = sys.getsizeof(queue._virtual_times)
    for number in range(20_000):
        queue.append(Item(f"passer-by {number}", 0.1, number))
        while queue.pop().client == "short":
            pass
    assert len(queue) > 1
    assert sys.getsizeof(queue._virtual_times) < before + 100_000


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 10), st.sampled_from(["add", "pop", "remove", "back"]))))
def test_nothing_is_lost_or_served_twice(steps: list[tuple[str, float, str]]) -> None:
    queue = queue_of()
    inside: list[Item] = []
    for number, (client, work_s, step) in enumerate(steps):
        if step == "add" or not inside:
            queue.append(Item(client, work_s, number))
            inside.append(Item(client, work_s, number))
        elif step == "remove":
            queue.remove(inside.pop(0))
        else:
            item = queue.pop()
            inside.remove(item)
            if step == "back":
                queue.put_back(item)
                assert queue.pop() == item
        assert len(queue) == len(inside)
        assert bool(queue) == bool(inside)
        assert sorted(queue) == sorted(inside)
    with pytest.raises(ValueError, match="not queued"):
        queue.remove(Item("nobody", 0, -1))
