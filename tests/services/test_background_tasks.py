"""Tasks that outlive the request which started them: bounded, and ended when the service ends."""

import asyncio

from pixmill.services.background_tasks import BackgroundTasks


async def test_background_work_is_bounded_and_ends_when_closed() -> None:
    background = BackgroundTasks(limit=2)
    ended: list[int] = []

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            ended.append(1)

    assert [background.start(work) for _ in range(3)] == [True, True, False]
    await asyncio.sleep(0)
    await background.close()
    assert ended == [1, 1]


async def test_background_work_that_fails_disturbs_nobody() -> None:
    background = BackgroundTasks(limit=1)

    async def work() -> None:
        raise ValueError

    assert background.start(work)
    await asyncio.sleep(0.001)
    assert background.start(work)
    await background.close()
