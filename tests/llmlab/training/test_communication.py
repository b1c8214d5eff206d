import signal
import threading

import pytest
import torch

from llmlab.errors import CommunicationError, ConfigurationError, DeadlockError
from llmlab.training import simulate


def test_each_rank_knows_its_number_and_how_many_there_are():
    assert simulate(lambda one: (one.rank, one.world_size), 3) == [(0, 3), (1, 3), (2, 3)]


def test_arguments_are_passed_on():
    assert simulate(lambda one, first, second: first + second, 2, "a", "b") == ["ab", "ab"]


def test_messages_from_one_rank_arrive_in_the_order_they_were_sent():
    def program(communicator):
        if communicator.rank == 0:
            for number in range(5):
                communicator.send(torch.tensor(number), 1)
            return []
        return [int(communicator.receive(0)) for _ in range(5)]

    assert simulate(program, 2)[1] == [0, 1, 2, 3, 4]


def test_what_is_sent_is_a_copy():
    def program(communicator):
        if communicator.rank == 0:
            tensor = torch.zeros(3)
            communicator.send(tensor, 1)
            tensor.fill_(7)
            return None
        return communicator.receive(0)

    assert torch.equal(simulate(program, 2)[1], torch.zeros(3))


def test_bytes_and_messages_are_counted():
    def program(communicator):
        if communicator.rank == 0:
            communicator.send(torch.zeros(2, 5), 1)
            communicator.send(torch.zeros(3, dtype=torch.float64), 1)
        return communicator.bytes_sent, communicator.messages_sent

    assert simulate(program, 2) == [(64, 2), (0, 0)]


def test_the_ranks_take_turns_in_the_same_order_each_time():
    def program(communicator, log):
        for _ in range(3):
            log.append(communicator.rank)
            communicator.send(torch.zeros(1), (communicator.rank + 1) % 4)
            communicator.receive((communicator.rank - 1) % 4)

    logs = [[], []]
    for log in logs:
        simulate(program, 4, log)
    assert logs[0] == logs[1]
    assert len(logs[0]) == 12


def test_ranks_that_wait_for_each_other_are_a_deadlock():
    def program(communicator):
        communicator.receive(1 - communicator.rank)
        communicator.send(torch.zeros(1), 1 - communicator.rank)

    with pytest.raises(DeadlockError, match="Rank 0 waits for a message from rank 1"):
        simulate(program, 2)


def test_waiting_for_a_rank_that_has_ended_is_a_deadlock():
    with pytest.raises(DeadlockError, match="Rank 2 waits for a message from rank 0"):
        simulate(lambda one: one.receive(0) if one.rank == 2 else None, 3)


def test_an_error_of_one_rank_ends_all_and_is_raised():
    def program(communicator):
        if communicator.rank == 1:
            raise ZeroDivisionError("mine")
        communicator.receive(1)

    before = threading.active_count()
    with pytest.raises(ZeroDivisionError, match="mine"):
        simulate(program, 3)
    assert threading.active_count() == before


def test_an_interruption_gets_through_and_ends_a_rank_that_never_stops():
    class Interruption(BaseException):
        pass

    def interrupt(signum, frame):
        raise Interruption

    def forever(communicator):
        if communicator.rank == 1:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            while True:
                pass
        communicator.receive(1)

    before = set(threading.enumerate())
    handler = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(Interruption):
            simulate(forever, 3)
    finally:
        signal.signal(signal.SIGALRM, handler)
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert set(threading.enumerate()) == before


def test_gradients_are_computed_as_the_caller_has_set_it():
    assert simulate(lambda one: torch.is_grad_enabled(), 2) == [True, True]
    with torch.no_grad():
        assert simulate(lambda one: torch.is_grad_enabled(), 2) == [False, False]


@pytest.mark.parametrize(
    ("program", "part"),
    [
        (
            lambda one: one.send(torch.zeros(1), 2),
            "send to rank 2, and there are only the ranks 0 to 1",
        ),
        (lambda one: one.receive(-1), "receive from rank -1"),
        (lambda one: one.send(torch.zeros(1), one.rank), "send to itself"),
    ],
)
def test_a_rank_that_does_not_exist_or_is_oneself_is_refused(program, part):
    with pytest.raises(CommunicationError, match=part):
        simulate(program, 2)


def test_only_tensors_can_be_sent(unchecked):
    with pytest.raises(CommunicationError, match="sends a `int` to rank 1; only tensors"):
        simulate(lambda one: one.send(3, 1 - one.rank), 2)


def test_a_group_has_at_least_one_rank():
    with pytest.raises(ConfigurationError, match="world_size is 0"):
        simulate(lambda one: None, 0)
