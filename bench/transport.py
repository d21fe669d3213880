"""How contestants and servers speak to each other: http, or https with a certificate made for the run."""

import http.client
import os
import ssl
import subprocess
from typing import NamedTuple

from slow_link import Link


class Transport(NamedTuple):
    """What a server offers."""

    name: str
    tls: bool = False
    http2: bool = False

    def connect(self, port):
        """A connection for a single request from here, which checks no certificate."""
        if not self.tls:
            return http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        trusting = ssl.create_default_context()
        trusting.check_hostname = False
        trusting.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=trusting)


HTTP = Transport("http")
HTTPS = Transport("https", tls=True, http2=True)  # what registries in the field offer
HTTPS1 = Transport("https1", tls=True)


class Way(NamedTuple):
    """What lies between client and server: a transport, and a slow link unless it is None."""

    transport: Transport = HTTP
    link: Link = None


NEAR = Way()


class Identity:
    """A key and a certificate for 127.0.0.1, which all programs trust that are started from here on."""

    def __init__(self, directory):
        self.key = directory / "tls.key"
        self.certificate = directory / "tls.pem"
        make = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        name = ["-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1"]
        files = ["-keyout", str(self.key), "-out", str(self.certificate)]
        subprocess.run([*make, *name, *files], check=True, capture_output=True)
        os.environ["SSL_CERT_FILE"] = str(self.certificate)
