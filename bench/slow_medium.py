"""A slow medium: a file system with one file, that is read at a limited rate, and counts what is read.

It speaks FUSE's protocol to the kernel itself, so it needs no library and is true for every way to read: the program
that reads is as it is, which a preloaded library would not be sure of (sendfile, a static program). Reads bypass the
page cache: what is read twice costs twice, as on a medium larger than the memory. Root mounts it; others need
fusermount3.
"""

import ctypes
import errno
import multiprocessing
import os
import pathlib
import shutil
import socket
import stat
import struct
import subprocess
import time

HEADER_IN = struct.Struct("<IIQQIIIHH")
HEADER_OUT = struct.Struct("<IiQ")
ATTRIBUTES = struct.Struct("<6Q10I")
LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE, FLUSH, INIT, INTERRUPT, BATCH_FORGET = 1, 2, 3, 14, 15, 18, 25, 26, 36, 42
ASYNC_READ, MAX_PAGES = 1 << 0, 1 << 22
DIRECT_IO = 1
ROOT_NODE, FILE_NODE = 1, 2
FILE_NAME = "archive.tar"
READ_ONLY, NO_SUID, NO_DEVICES = 1, 2, 4
DETACH = 2
READ_AHEAD = 512 * 1024  # what the kernel would have read meanwhile when the reader pauses


class SlowMedium:
    """Mounts a directory in which `file` is found as "archive.tar", read at `rate` bytes per second."""

    def __init__(self, file, rate, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.path = self.directory / FILE_NAME
        self._read = multiprocessing.Value("Q", 0)
        self._device = _mount(self.directory)
        self._server = multiprocessing.Process(
            target=lambda: Answers(self._device, file, rate, self._read).serve(), daemon=True
        )

    def __enter__(self):
        self._server.start()
        os.close(self._device)
        return self

    def __exit__(self, *_):
        _unmount(self.directory)
        self._server.join(5)
        self._server.kill()

    @staticmethod
    def possible():
        able = os.geteuid() == 0 or shutil.which("fusermount3")
        return bool(able) and os.access("/dev/fuse", os.R_OK | os.W_OK)

    def reset(self):
        self._read.value = 0

    def bytes_read(self):
        return self._read.value


class Answers:
    """Answers the kernel's requests, one after the other, as a disk would."""

    def __init__(self, device, file, rate, counter):
        self.device = device
        self.content = os.open(file, os.O_RDONLY)
        self.size = os.fstat(self.content).st_size
        self.rate = rate
        self.counter = counter
        self.free_at = 0.0

    def serve(self):
        """Until the file system is unmounted."""
        while True:
            try:
                request = os.read(self.device, 1 << 18)
            except OSError as error:
                if error.errno == errno.ENODEV:
                    return
                if error.errno in (errno.EINTR, errno.EAGAIN, errno.ENOENT):
                    continue
                raise
            _, operation, unique, node, *_ = HEADER_IN.unpack_from(request)
            if operation not in (FORGET, BATCH_FORGET, INTERRUPT):
                self._reply(unique, *self._answer(operation, node, request[HEADER_IN.size :]))

    def _answer(self, operation, node, body):
        """(error number, bytes) for one request."""
        if operation == INIT:
            major, minor, readahead, flags = struct.unpack_from("<IIII", body)
            flags &= ASYNC_READ | MAX_PAGES
            version = (major, min(minor, 31))
            return 0, struct.pack("<IIIIHHIIHHI28x", *version, readahead, flags, 16, 12, 4096, 1, 256, 0, 0)
        if operation == LOOKUP:
            if body.rstrip(b"\0").decode() != FILE_NAME:
                return errno.ENOENT, b""
            return 0, struct.pack("<QQQQII", FILE_NODE, 0, 60, 60, 0, 0) + self._attributes(FILE_NODE)
        if operation == GETATTR:
            return 0, struct.pack("<QII", 60, 0, 0) + self._attributes(node)
        if operation == OPEN:
            return 0, struct.pack("<QIi", 0, DIRECT_IO, 0)
        if operation == READ:
            _, offset, size = struct.unpack_from("<QQI", body)
            return 0, self._read_slowly(offset, size)
        if operation in (RELEASE, FLUSH):
            return 0, b""
        return errno.ENOSYS, b""

    def _read_slowly(self, offset, size):
        data = os.pread(self.content, size, offset)
        self.counter.value += len(data)
        now = time.monotonic()
        self.free_at = max(self.free_at, now - READ_AHEAD / self.rate) + len(data) / self.rate
        time.sleep(max(0.0, self.free_at - now))
        return data

    def _attributes(self, node):
        folder = node == ROOT_NODE
        mode = stat.S_IFDIR | 0o755 if folder else stat.S_IFREG | 0o444
        size = 0 if folder else self.size
        owner = (os.getuid(), os.getgid())
        return ATTRIBUTES.pack(node, size, (size + 511) // 512, 0, 0, 0, 0, 0, 0, mode, 1, *owner, 0, 4096, 0)

    def _reply(self, unique, error, data):
        try:
            os.write(self.device, HEADER_OUT.pack(HEADER_OUT.size + len(data), -error, unique) + data)
        except OSError as failed:
            if failed.errno != errno.ENOENT:  # the request was interrupted: nobody waits for the answer
                raise


def _mount(directory):
    """Mounts the file system; returns the device that its requests come from."""
    if os.geteuid() != 0:
        return _mount_by_helper(directory)
    device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    libc = ctypes.CDLL(None, use_errno=True)
    flags = READ_ONLY | NO_SUID | NO_DEVICES
    if libc.mount(b"slow", os.fsencode(directory), b"fuse", ctypes.c_ulong(flags), options.encode()) != 0:
        raise OSError(ctypes.get_errno(), "mounting the slow medium", str(directory))
    return device


def _mount_by_helper(directory):
    ours, helper = socket.socketpair()
    with ours, helper:
        environment = os.environ | {"_FUSE_COMMFD": str(helper.fileno())}
        command = ["fusermount3", "-o", "ro,nosuid,nodev,fsname=slow", "--", str(directory)]
        subprocess.run(command, check=True, pass_fds=[helper.fileno()], env=environment)
        return socket.recv_fds(ours, 1, 1)[1][0]


def _unmount(directory):
    if os.geteuid() != 0:
        subprocess.run(["fusermount3", "-u", "-z", "--", str(directory)], check=True)
    elif ctypes.CDLL(None, use_errno=True).umount2(os.fsencode(directory), DETACH) != 0:
        raise OSError(ctypes.get_errno(), "unmounting the slow medium", str(directory))
