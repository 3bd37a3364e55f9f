"""Which frames are shown and for how long, against sums that are counted one by one."""

from hypothesis import given
from hypothesis import strategies as st

from pixmill.plan.animation import result_delays, selected_delays, selected_frames
from pixmill.plan.output import Animation

delays = st.lists(st.integers(1, 5_000), min_size=1, max_size=40)


@given(delays, st.integers(0, 50), st.integers(1, 50))
def test_frames_that_are_left_out_lend_their_time(delays_ms: list[int], max_frames: int, step: int) -> None:
    shown = selected_frames(len(delays_ms), max_frames, step)
    assert list(shown) == [at for at in range(len(delays_ms)) if at % step == 0][: max_frames or None]
    selected = selected_delays(delays_ms, shown)
    assert len(selected) == len(shown) >= 1
    assert sum(selected) == sum(delays_ms[: shown[-1] + step])


@given(delays, st.floats(0.01, 100).map(lambda speed: round(speed, 4)))
def test_another_speed_loses_less_than_a_millisecond(delays_ms: list[int], speed: float) -> None:
    scaled = result_delays(delays_ms, Animation(speed=speed))
    assert len(scaled) == len(delays_ms)
    assert min(scaled) >= 1
    if min(delays_ms) / speed >= 1:
        assert abs(sum(scaled) - sum(delays_ms) / speed) <= 1


@given(delays)
def test_backwards_and_backwards_again_is_as_before(delays_ms: list[int]) -> None:
    backwards = Animation(reverse=True)
    assert result_delays(result_delays(delays_ms, backwards), backwards) == tuple(delays_ms)


def test_the_last_delay_given_is_repeated() -> None:
    assert result_delays([1, 2, 3], Animation(delays_ms=(50, 70))) == (50, 70, 70)
    assert result_delays([1], Animation(delays_ms=(50, 70))) == (50,)
