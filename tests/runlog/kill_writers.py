"""Forks writers, kills them at random moments, and prints how many batches they had been told were recorded.

Run in an interpreter of its own: forking one that has threads is asking for trouble. Each trial prints a line of JSON
with the folder and, per attempt and rank, the last (epoch, step) that was acknowledged.
"""

import json
import mmap
import os
import random
import signal
import struct
import sys
import time
from pathlib import Path

from log_common import value

from xai_widgets.tracking import Tracker

SIZE, STEPS, EPOCHS = 8, 20, 500
PLACE = struct.Struct("<qq")


def write(folder, rank, world, attempt, begin, memory):
    """One process: its share of every step's batch, from the place `begin` on; never returns."""
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(world), XAI_WIDGETS_ATTEMPT=f"{folder} {attempt}")
    tracker = Tracker(log_dir=folder)
    for epoch in range(begin[0], EPOCHS):
        for step in range(STEPS):
            place = (epoch, (epoch - 1) * STEPS + step + 1)
            if place < tuple(begin):
                continue
            index = [i for i in range(step * SIZE, (step + 1) * SIZE) if i % world == rank]
            tracker.record(
                index, [i % 4 for i in index], epoch=epoch, step=place[1], loss=value(epoch, index)
            )
            memory[: PLACE.size] = PLACE.pack(*place)
        tracker.end_epoch()


def run_and_kill(folder, world, attempt, begin, wait):
    """Start all ranks, kill each at some moment; their last acknowledged places."""
    memories, children = [], []
    for rank in range(world):
        memory = mmap.mmap(-1, PLACE.size)
        child = os.fork()
        if child == 0:
            try:
                write(folder, rank, world, attempt, begin, memory)
            finally:
                os._exit(1)
        memories.append(memory)
        children.append(child)
    end = time.monotonic() + 30
    while any(PLACE.unpack(m[:])[0] == 0 for m in memories) and time.monotonic() < end:
        time.sleep(0.0005)
    for child in children:
        time.sleep(wait())
        os.kill(child, signal.SIGKILL)
    for child in children:
        os.waitpid(child, 0)
    return [PLACE.unpack(m[:]) for m in memories]


def main():
    root, trials, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    chance = random.Random(seed)
    for trial in range(trials):
        world = chance.choice([1, 1, 2, 3])
        attempts = chance.choice([1, 2])
        folder = root / f"trial{trial}"
        begin, said = (1, 1), []
        for attempt in range(attempts):
            places = run_and_kill(folder, world, attempt, begin, lambda: chance.random() * 0.012)
            said.append({"begin": begin, "places": places})
            last = min(places)  # a checkpoint all ranks had reached; sometimes an older one
            step = max(1, last[1] - chance.choice([0, 0, 7, STEPS]))
            begin = ((step - 1) // STEPS + 1, step)
        print(json.dumps({"folder": str(folder), "world": world, "attempts": said}), flush=True)


if __name__ == "__main__":
    main()
