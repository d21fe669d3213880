"""The two servers of the benchmark, both on free ports of the loopback interface.

Each speaks http or https (see transport.py). Source: nginx hands out plain files, so that the client shows and not the
server. Destination: a registry that keeps its data in memory. Each is a child process that is stopped by its id.
"""

import atexit
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import sys
import time

from access_log import AccessLog
from transport import HTTP

TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _allow_many_files():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def program(*names):
    """The first of the programs that is found; system directories that are on no user's PATH are looked in too."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
    found = next((found for name in names if (found := shutil.which(name, path=path))), None)
    return found or sys.exit(f"{' or '.join(names)} not found: scripts/install-deps --bench installs what is needed")


class MemoryDirectory:
    """A directory on a tmpfs: of its own where that may be mounted, else below /dev/shm. Removed at the end.

    Where there is neither it is below /tmp.
    """

    def __init__(self, name):
        self.mounted = False
        self.path = pathlib.Path("/dev/shm") / f"{name}-{os.getpid()}"
        if not os.access("/dev/shm", os.W_OK):
            self.path = pathlib.Path("/tmp") / self.path.name
        self.path.mkdir()
        atexit.register(self.close)
        if os.geteuid() == 0:
            command = ["mount", "-t", "tmpfs", "-o", "size=90%", "tmpfs", str(self.path)]
            self.mounted = subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.path)], check=False)
            self.mounted = False
        shutil.rmtree(self.path, ignore_errors=True)


class Server:
    """A child process that serves http or https on 127.0.0.1; `identity` is the certificate for the latter."""

    def __init__(self, run_directory, name, port=None, transport=HTTP, identity=None):
        self.transport = transport
        self.identity = identity
        self.port = port or free_port()
        self.name = name
        self.files = pathlib.Path(run_directory)
        self.files.mkdir(parents=True, exist_ok=True)
        self.log = AccessLog(self.files / f"{name}.access.log")
        self.log.path.write_bytes(b"")
        self.process = None
        atexit.register(self.stop)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self, command):
        with open(self.log.path, "ab") as out, open(self.files / f"{self.name}.errors", "ab") as errors:
            # pylint: disable-next=consider-using-with,subprocess-popen-preexec-fn
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, preexec_fn=_allow_many_files
            )
        for _ in range(400):
            if self.process.poll() is not None:
                break
            try:
                self.request("GET", "/v2/")
                return self
            except OSError:
                time.sleep(0.025)
        sys.exit(f"{command[0]} does not serve; see {self.files / self.name}.errors")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def request(self, method, path, headers=None):
        """One request, as (status, headers, body)."""
        connection = self.transport.connect(self.port)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def cpu(self):
        """Seconds of CPU that the server has used so far."""
        if not self.process:
            return 0.0
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS


class Registry(Server):
    """A CNCF distribution registry, empty at the start."""

    def __init__(self, run_directory, name, data, port=None, transport=HTTP, identity=None):
        super().__init__(run_directory, name, port, transport, identity)
        self.data = None
        self.restart_empty(data)

    def restart_empty(self, data):
        """Starts it anew, with nothing in it; its data is then kept below the directory `data`."""
        self.stop()
        if self.data:
            shutil.rmtree(self.data, ignore_errors=True)
        self.data = pathlib.Path(data) / self.name
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True)
        config = self.files / f"{self.name}.yml"
        config.write_text(
            "version: 0.1\n"
            "log: {level: error, accesslog: {disabled: false}}\n"
            f"storage: {{filesystem: {{rootdirectory: {self.data}}}, delete: {{enabled: true}}}}\n"
            f"http: {{addr: '{self.address}'{self._tls()}}}\n",
            encoding="utf-8",
        )
        self.start([os.environ.get("REGISTRY") or program("docker-registry", "registry"), "serve", str(config)])


    def _tls(self):
        if not self.transport.tls:
            return ""
        http2 = "" if self.transport.http2 else ", http2: {disabled: true}"
        return f", tls: {{certificate: {self.identity.certificate}, key: {self.identity.key}}}{http2}"


class PlainSource(Server):
    """nginx in the place of a registry that can only be read from.

    `manifests` maps "repository/manifests/tag-or-digest" to a descriptor; blobs are found in any repository.
    """

    def __init__(self, run_directory, blobs, manifests, port=None, transport=HTTP, identity=None):
        super().__init__(run_directory, "source", port, transport, identity)
        config = self.files / "nginx.conf"
        config.write_text(self._config(blobs, manifests), encoding="utf-8")
        self.start([program("nginx"), "-c", str(config.resolve()), "-e", str(self.files / "source.errors")])

    def _config(self, blobs, manifests):
        def table(field):
            return "\n".join(f'    "/v2/{path}" "{field(found)}";' for path, found in manifests.items())

        users = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "\n".join(f"  {user}_temp_path {self.files.resolve()}/nginx-{user};" for user in users)
        return f"""
user {_user()};
daemon off;
master_process off;
pid {self.files.resolve()}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
  access_log {self.log.path.resolve()};
{temporary}
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  open_file_cache max={max(64, min(20000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 256))} inactive=1h;
  open_file_cache_valid 1h;
  map_hash_max_size 1048576;
  map_hash_bucket_size 512;
  map $request_uri $manifest_file {{
    default none;
{table(lambda found: found["digest"].removeprefix("sha256:"))}
  }}
  map $request_uri $manifest_type {{
{table(lambda found: found["mediaType"])}
  }}
  map $request_uri $manifest_digest {{
{table(lambda found: found["digest"])}
  }}
  types {{ }}
  server {{
    listen 127.0.0.1:{self.port} backlog=1024{self._tls()};
    root {pathlib.Path(blobs).resolve()};
    add_header Docker-Distribution-Api-Version registry/2.0 always;
    location = /v2/ {{ default_type application/json; return 200 '{{}}'; }}
    location ~ "^/v2/.+/blobs/sha256:(?<hex>[0-9a-f]{{64}})$" {{
      default_type application/octet-stream;
      add_header Docker-Content-Digest sha256:$hex;
      try_files /$hex @unknown;
    }}
    location ~ ^/v2/.+/manifests/ {{
      default_type "";
      add_header Content-Type $manifest_type;
      add_header Docker-Content-Digest $manifest_digest;
      try_files /$manifest_file @unknown;
    }}
    location ~ ^/v2/(?<repository>.+)/tags/list$ {{
      default_type application/json;
      return 200 '{{"name":"$repository","tags":["v1"]}}';
    }}
    location / {{ return 404; }}
    location @unknown {{
      default_type application/json;
      return 404 '{{"errors":[{{"code":"MANIFEST_UNKNOWN","message":"not here"}}]}}';
    }}
  }}
}}
"""

    def _tls(self):
        if not self.transport.tls:
            return ""
        http2 = " http2" if self.transport.http2 else ""
        files = (f"ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {self.identity.certificate};"
                 f" ssl_certificate_key {self.identity.key}")
        return f" ssl{http2}; {files}; ssl_session_cache shared:tls:1m"


def _user():
    """nginx run by root gives its rights up, and could not read the caller's files then."""
    return "root" if os.geteuid() == 0 else "nobody"
