"""Several ranks and several starts come together to what one process would have recorded."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from log_common import same, value

from xai_widgets import runlog
from xai_widgets.runlog.process_identity import this_launch
from xai_widgets.tracking import Tracker

N, STEPS = 24, 4
PER_STEP = N // STEPS


@contextlib.contextmanager
def launched(rank, world, attempt):
    """The environment of one process of a start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RANK", str(rank))
        patch.setenv("WORLD_SIZE", str(world))
        patch.setenv("XAI_WIDGETS_ATTEMPT", str(attempt))
        yield


def record(tracker, epoch, step, index, salt=0):
    number = (epoch - 1) * STEPS + step + 1
    index = np.asarray(index)
    tracker.record(index, index % 3, epoch=epoch, step=number, loss=value(epoch + salt, index))


def of_step(step, rank=0, world=1):
    index = np.arange(step * PER_STEP, (step + 1) * PER_STEP)
    return index[index % world == rank]


def run(folder, begin=(1, 0), end=(3, STEPS), world=1, attempt=0, salt=0, evaluate=False, pad=False):
    """Train from a place (epoch, step) to before another."""
    trackers = []
    for rank in range(world):
        with launched(rank, world, attempt):
            tracker = Tracker(log_dir=folder)
            for epoch in range(begin[0], end[0] + 1):
                for step in range(STEPS):
                    if begin <= (epoch, step) < end:
                        index = of_step(step, rank, world)
                        record(tracker, epoch, step, np.append(index, index[0]) if pad else index, salt)
                if (epoch, STEPS) <= end:
                    if evaluate:
                        mine = np.arange(10)[rank::world]
                        tracker.record(mine, mine % 3, mode="eval", loss=value(100 * (epoch + salt), mine))
                    tracker.end_epoch()
            tracker.close()
            trackers.append(tracker)
    return trackers


def straight(salts, evaluate=False):
    """One process that recorded {(epoch, step): salt} without a break."""
    tracker = Tracker()
    for (epoch, step), salt in salts.items():
        record(tracker, epoch, step, of_step(step), salt)
        if evaluate and step == STEPS - 1:
            tracker.record(
                np.arange(10), np.arange(10) % 3, mode="eval", loss=value(100 * (epoch + salt), np.arange(10))
            )
    tracker.end_epoch()
    return tracker


def plan(*parts):
    """{(epoch, step): salt} of parts ((epoch, step) from, before, salt)."""
    found = {}
    for begin, end, salt in parts:
        for epoch in range(1, 20):
            for step in range(STEPS):
                if begin <= (epoch, step) < end:
                    found[(epoch, step)] = salt
    return dict(sorted(found.items()))


@pytest.mark.parametrize("world", [1, 2, 3, 4])
def test_ranks_merge_to_one_process(tmp_path, world):
    run(tmp_path, world=world, evaluate=True)
    reader, one = runlog.read(tmp_path), straight(plan(((1, 0), (3, STEPS), 0)), evaluate=True)
    same(one, reader)
    same(one, reader, mode="eval")
    assert len(list(tmp_path.iterdir())) == world
    assert not reader.instance_series([0]).provisional


def test_padding_of_samplers_does_not_count_twice(tmp_path):
    run(tmp_path, world=3, pad=True)
    reader = runlog.read(tmp_path)
    same(straight(plan(((1, 0), (3, STEPS), 0))), reader)
    assert reader.counts().duplicates == 3 * STEPS * 3


def test_an_epoch_is_open_until_every_rank_ended_it(tmp_path):
    run(tmp_path, end=(1, STEPS), world=2)
    assert not runlog.read(tmp_path).instance_series([0]).provisional
    with launched(0, 2, 0):
        slow = Tracker(log_dir=tmp_path / "two")
        record(slow, 1, 0, of_step(0, 0, 2))
        slow.end_epoch()
    with launched(1, 2, 0):
        slower = Tracker(log_dir=tmp_path / "two")
        record(slower, 1, 0, of_step(0, 1, 2))
        assert runlog.read(tmp_path / "two").instance_series([0]).provisional
        slower.end_epoch()
    assert not runlog.read(tmp_path / "two").instance_series([0]).provisional


@pytest.mark.parametrize("world", [1, 2])
def test_an_epoch_run_again_replaces_the_first(tmp_path, world):
    run(tmp_path, end=(3, 2), world=world, evaluate=True)
    run(tmp_path, begin=(2, 0), end=(4, STEPS), world=world, attempt=1, salt=50, evaluate=True)
    salts = plan(((1, 0), (2, 0), 0), ((2, 0), (4, STEPS), 50))
    reader, one = runlog.read(tmp_path), straight(salts, evaluate=True)
    same(one, reader)
    same(one, reader, mode="eval")
    assert reader.counts().duplicates == 0


def test_a_resume_within_an_epoch_keeps_its_first_half(tmp_path):
    run(tmp_path, end=(2, 3))
    run(tmp_path, begin=(2, 2), end=(3, STEPS), attempt=1, salt=50)
    reader = runlog.read(tmp_path)
    same(straight(plan(((1, 0), (2, 2), 0), ((2, 2), (3, STEPS), 50))), reader)


def test_a_start_from_scratch_replaces_everything(tmp_path):
    run(tmp_path, end=(3, STEPS), world=2)
    run(tmp_path, end=(1, STEPS), attempt=1, salt=50)
    same(straight(plan(((1, 0), (1, STEPS), 50))), runlog.read(tmp_path))


def test_without_steps_and_epochs_given_a_new_start_replaces_too(tmp_path):
    for losses in ([1, 2, 3], [7, 8]):
        tracker = Tracker(log_dir=tmp_path)
        for loss in losses:
            tracker.record([0, 1], [0, 1], loss=[loss, loss])
            tracker.end_epoch()
        tracker.close()
    assert runlog.read(tmp_path).instance_series([0]).values.tolist() == [[7, 8]]


def test_a_resume_from_a_checkpoint_goes_on_in_a_new_file(tmp_path):
    first = Tracker(log_dir=tmp_path)
    for epoch in range(1, 3):
        for step in range(STEPS):
            if (epoch, step) == (2, 2):
                state = first.state_dict()
            index = of_step(step)
            first.record(index, index % 3, loss=value(epoch, index))
        if epoch == 1:
            first.end_epoch()
    first.close()
    second = Tracker(log_dir=tmp_path)
    second.load_state_dict(state)
    for step in range(2, STEPS):
        index = of_step(step)
        second.record(index, index % 3, loss=value(2 + 50, index))
    second.end_epoch()
    reader = runlog.read(tmp_path)
    same(second, reader)
    assert reader.instance_series([0, N - 1]).values[:, 1].tolist() == [value(2, 0), value(52, N - 1)]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(0, STEPS - 1), st.integers(1, 9), st.integers(1, 3)),
        min_size=1,
        max_size=4,
    )
)
def test_any_course_of_crashes_and_resumes(tmp_path_factory, starts):
    folder = tmp_path_factory.mktemp("run")
    salts = {}
    reached = (1, 0)
    for attempt, (epoch, step, length, world) in enumerate(starts):
        begin = min((epoch, step), reached) if attempt else (1, 0)
        number = (begin[0] - 1) * STEPS + begin[1] + length
        end = (number // STEPS + 1, number % STEPS)
        run(folder, begin, end, world, attempt, salt=50 * attempt)
        salts = {place: salt for place, salt in salts.items() if place < begin} | plan(
            (begin, end, 50 * attempt)
        )
        reached = end
    same(straight(dict(sorted(salts.items()))), runlog.read(folder))


def test_a_live_reader_follows_a_restart(tmp_path):
    reader = runlog.read(tmp_path_with_run(tmp_path))
    with launched(0, 1, 1):
        second = Tracker(log_dir=tmp_path)
        record(second, 2, 1, of_step(1), salt=50)
        reader.refresh()
        same(straight(plan(((1, 0), (2, 1), 0), ((2, 1), (2, 2), 50))), reader)
        record(second, 2, 2, of_step(2), salt=50)
        reader.refresh()
    same(straight(plan(((1, 0), (2, 1), 0), ((2, 1), (2, 3), 50))), reader)


def tmp_path_with_run(folder):
    run(folder, end=(3, 1))
    return folder


def test_evaluations_are_replaced_as_a_whole(tmp_path):
    for attempt, index in enumerate((np.arange(10), np.arange(3))):
        with launched(0, 1, attempt):
            tracker = Tracker(log_dir=tmp_path)
            tracker.record(index, index % 3, mode="eval", epoch=1, step=5, loss=index + attempt)
            tracker.close()
    series = runlog.read(tmp_path).instance_series(range(4), mode="eval")
    np.testing.assert_array_equal(series.values[:, 0], [1, 2, 3, np.nan])


def test_a_process_alone_is_its_own_start(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "SLURM_PROCID", "SLURM_NTASKS", "LOCAL_RANK", "XAI_WIDGETS_ATTEMPT"):
        monkeypatch.delenv(name, raising=False)
    assert this_launch().key is None
    assert (this_launch().rank, this_launch().world) == (0, 1)


def test_processes_of_one_start_know_each_other_and_no_others(monkeypatch):
    monkeypatch.delenv("XAI_WIDGETS_ATTEMPT", raising=False)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    keys = []
    for rank, restart in ((0, 0), (1, 0), (0, 1), (1, 1)):
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", str(restart))
        assert (this_launch().rank, this_launch().world) == (rank, 2)
        keys.append(this_launch().key)
    assert keys[0] == keys[1] != keys[2] == keys[3]


def test_starts_that_cannot_be_told_apart_by_name_go_by_time(tmp_path):
    for salt in (0, 50):
        run(tmp_path, end=(1, STEPS), world=2, attempt="same", salt=salt)
    same(straight(plan(((1, 0), (1, STEPS), 50))), runlog.read(tmp_path))


def test_files_with_a_damaged_beginning_still_find_their_place(tmp_path):
    run(tmp_path, end=(2, STEPS), world=2)
    for path in tmp_path.iterdir():
        raw = bytearray(path.read_bytes())
        raw[50] ^= 255
        path.write_bytes(bytes(raw))
    with pytest.warns(RuntimeWarning, match="damage"):
        reader = runlog.read(tmp_path)
    same(straight(plan(((1, 0), (2, STEPS), 0))), reader)
