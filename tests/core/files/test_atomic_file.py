"""atomic_file: all or nothing, and no traces."""

import errno
import os
import stat
import subprocess
import sys
import threading

import numpy as np
import pytest

from pmt_core import FileProblem, PmtError, SettingsError, atomic_file, load_archive, save_archive

POSIX = os.name == "posix"


def test_the_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "a.bin"
    with atomic_file(path) as file:
        file.write(b"\0\1")
        assert not path.exists()
    assert path.read_bytes() == b"\0\1"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_text_is_utf8_with_plain_line_ends(tmp_path):
    with atomic_file(tmp_path / "a.txt", "w") as file:
        file.write("größe\n重み\n")
    assert (tmp_path / "a.txt").read_bytes() == "größe\n重み\n".encode()


@pytest.mark.parametrize("mode", ["a", "r", "r+b", "x", "wt", ""])
def test_other_modes_are_refused(tmp_path, mode):
    with pytest.raises(SettingsError, match="mode must be 'wb' or 'w'"):
        atomic_file(tmp_path / "a", mode)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, FileNotFoundError])
def test_when_the_block_raises_the_old_file_stays_and_the_error_passes(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def fail():
        with atomic_file(path, "w") as file:
            file.write("new" * 100_000)
            raise error("stop")

    with pytest.raises(error) as caught:
        fail()
    assert type(caught.value) is error
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_relative_path_and_a_folder_that_is_left_meanwhile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    with atomic_file("a.txt", "w") as file:
        os.chdir(tmp_path / "sub")
        file.write("x")
    assert (tmp_path / "a.txt").read_text() == "x"


@pytest.mark.skipif(not POSIX, reason="POSIX permissions")
def test_permissions_are_kept_and_new_files_follow_the_umask(tmp_path):
    path = tmp_path / "a"
    before = os.umask(0o027)
    try:
        with atomic_file(path) as file:
            file.write(b"1")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        with atomic_file(path) as file:
            file.write(b"2")
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
    finally:
        os.umask(before)


@pytest.mark.skipif(not POSIX, reason="symbolic links")
def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path):
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "a", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with atomic_file(link, "w") as file:
        file.write("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert os.listdir(tmp_path / "real") == ["a"]


def test_a_reader_with_the_old_file_open_goes_on_reading_it(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with open(path, "rb") as reader:
        if POSIX:
            with atomic_file(path) as file:
                file.write(b"new")
            assert reader.read() == b"old"


def test_places_that_cannot_be_written(tmp_path):
    with pytest.raises(FileProblem, match="is a directory"), atomic_file(tmp_path):
        pass
    with (
        pytest.raises(FileProblem, match=r"folder .*no.* does not exist; create it first"),
        atomic_file(tmp_path / "no" / "a"),
    ):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(FileProblem, match="cannot write"), atomic_file(tmp_path / "file" / "a"):
        pass
    with pytest.raises(FileProblem, match="cannot write"), atomic_file(tmp_path / ("x" * 300)):
        pass


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="POSIX devices")
def test_devices_are_not_replaced():
    with pytest.raises(FileProblem, match="a device"), atomic_file("/dev/null"):
        pass
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_a_folder_without_permission(tmp_path, monkeypatch):
    real_open = os.open

    def refuse(path, flags, *args, **kwargs):
        if flags & os.O_CREAT:
            raise PermissionError(errno.EACCES, "Permission denied")
        return real_open(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    with (
        pytest.raises(FileProblem, match="Permission denied") as caught,
        atomic_file(tmp_path / "a"),
    ):
        pass
    assert caught.value.errno == errno.EACCES


# --- the disk is full ---------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["fsync", "write", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_trace(tmp_path, monkeypatch, step):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    def save():
        with atomic_file(path) as file:
            file.write(b"new")
            if step == "write":
                full()
            monkeypatch.setattr(os, step, full)

    with pytest.raises(FileProblem) as caught:
        save()
    monkeypatch.undo()
    text = str(caught.value)
    assert "No space left" in text
    assert "unchanged" in text
    assert "free some space" in text
    assert repr(str(path)) in text
    assert caught.value.errno == errno.ENOSPC
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


LIMITED = """
import os, resource, sys
import numpy as np
from pmt_core import FileProblem, load_archive, save_archive
path = sys.argv[1]
old = {"a": np.arange(100)}
save_archive(path, old)
new = {"a": np.arange(5000), "b": np.ones((100, 100)), "c": np.asfortranarray(np.ones((90, 90)))}
for limit in (1, 30, 100, 1000, 8192, 40_000, 60_000, 100_000, 184_000, 184_500, 184_900):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    try:
        save_archive(path, new, {"k": "x" * 500})
    except FileProblem as problem:
        assert "unchanged" in str(problem), problem
        assert "free some space" in str(problem), problem
    else:
        raise SystemExit(f"a save beyond {limit} bytes came through")
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]
    assert load_archive(path)[0]["a"].tolist() == list(range(100))
"""


@pytest.mark.skipif(not POSIX, reason="file size limits")
@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_disk_that_is_full_at_any_byte(tmp_path, suffix):
    # A real failure of the operating system, at different places of the file.
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / f"a{suffix}")],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr


def test_an_error_of_another_kind_inside_the_block_is_not_blamed_on_the_disk(tmp_path):
    with pytest.raises(OSError) as caught, atomic_file(tmp_path / "a"):
        raise OSError(errno.ECONNRESET, "connection reset")
    assert not isinstance(caught.value, PmtError)


def test_the_error_of_another_file_that_is_written_inside_is_not_renamed(tmp_path):
    inner = FileProblem("cannot write 'other': No space left on device")
    inner.errno = errno.ENOSPC
    with pytest.raises(FileProblem) as caught, atomic_file(tmp_path / "a"):
        raise inner
    assert caught.value is inner


# --- left-overs ---------------------------------------------------------------------------------


@pytest.mark.skipif(not POSIX, reason="file locks")
def test_left_overs_of_the_dead_are_removed_and_nothing_else(tmp_path):
    dead = [".a.bin.123-0.tmp", ".a.bin.999999-17.tmp"]
    others = [
        ".b.bin.123-0.tmp",
        ".a.bin.tmp",
        "a.bin.123-0.tmp",
        ".a.bin.12-x.tmp",
        ".axbin.1-0.tmp",
    ]
    for name in dead + others:
        (tmp_path / name).write_bytes(b"part")
    with atomic_file(tmp_path / "a.bin") as file:
        file.write(b"whole")
    assert sorted(os.listdir(tmp_path)) == sorted([*others, "a.bin"])


@pytest.mark.skipif(not POSIX, reason="file locks")
def test_a_file_being_written_is_no_left_over(tmp_path):
    path = tmp_path / "a"
    with atomic_file(path, "w") as slow:
        slow.write("slow")
        with atomic_file(path, "w") as quick:
            quick.write("quick")
        assert path.read_text() == "quick"
    assert path.read_text() == "slow"
    assert os.listdir(tmp_path) == ["a"]


def test_threads_that_save_the_same_file(tmp_path):
    path = tmp_path / "a.npz"
    failures = []

    def work(number):
        try:
            for _ in range(10):
                save_archive(path, {"x": np.full(1000, number)}, {"number": number})
                arrays, meta = load_archive(path)
                assert (arrays["x"] == meta["number"]).all()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert os.listdir(tmp_path) == ["a.npz"]
