"""A corpus as it is found at the source: its images, and the bundles that name them."""

import json
import pathlib
import shutil
import subprocess

from servers import Registry

ACCEPT = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"


class Published:
    """The images and bundles of one corpus, as they are served at `address`.

    manifests: {"repository/manifests/tag-or-digest": descriptor}, blobs: [(repository, digest, size, offset)] where the
    offsets put one blob after the other, images: {name: reference}, bundle: the root bundle's reference.
    """

    def __init__(self, corpus, store, address):
        self.name = corpus["name"]
        self.store = store
        self.address = address
        self.manifests = {}
        self.manifest_count = 0
        self.blobs = []
        self._seen = set()
        self.images = {}
        self.bundle = None
        for name, descriptor in corpus["images"].items():
            self.images[name] = self.add(f"img/{self.name}/{name}", descriptor)

    @property
    def blob_bytes(self):
        return sum(size for _, _, size, _ in self.blobs)

    def add(self, repository, descriptor, tag="v1"):
        """Serves a manifest with all that it names; returns its reference by digest."""
        self.manifests[f"{repository}/manifests/{tag}"] = descriptor
        self._walk(repository, descriptor)
        return f"{self.address}/{repository}@{descriptor['digest']}"

    def write_list(self, path):
        """Writes the blobs down for the floor; returns the path."""
        return _write_steps(path, [self.blobs])

    def write_get_steps(self, path):
        """The same with manifests: the root bundle's, its content, all other manifests, and all else."""
        repository, _, digest = self.bundle.partition("/")[2].partition("@")
        manifests = self._manifest_lines()
        root = [line for line in manifests if line[1] == digest]
        content = [blob for blob in self.blobs if blob[0] == repository]
        others = [line for line in manifests if line[1] != digest]
        rest = [blob for blob in self.blobs if blob[0] != repository]
        return _write_steps(path, [root, content, others, rest])

    def write_put_steps(self, path):
        """The same in the order in which a registry takes them: blobs, manifests, indexes."""
        return _write_steps(path, self._put_steps())

    def write_proof_steps(self, path):
        """The same, then in a line what keeps an import's promises: all manifests are read back, the bundle's locations
        are put and confirmed, and the root's tag is. Instead of these the root's manifest is put again and read."""
        manifests = self._manifest_lines()
        digest = self.bundle.partition("@")[2]
        root = [line for line in manifests if line[1] == digest]
        put_again = [root, [(*line, "back") for line in root]]
        return _write_steps(path, [*self._put_steps(), [(*line, "back") for line in manifests], *put_again, *put_again])

    def _put_steps(self):
        steps = [self.blobs, [], []]
        for line in self._manifest_lines():
            steps[2 if "index" in line[4] or "list" in line[4] else 1].append(line)
        return steps

    def _manifest_lines(self):
        """One line for each manifest, with offsets behind all blobs."""
        end = self.blob_bytes
        lines = {}
        for place, descriptor in self.manifests.items():
            digest = descriptor["digest"]
            if digest in lines:
                continue
            size = self.store.path(digest).stat().st_size
            lines[digest] = (place.rpartition("/manifests/")[0], digest, size, end, descriptor["mediaType"])
            end += size
        return list(lines.values())

    def _walk(self, repository, descriptor):
        self.manifests[f"{repository}/manifests/{descriptor['digest']}"] = descriptor
        self.manifest_count += descriptor["digest"] not in self._seen
        self._seen.add(descriptor["digest"])
        document = self.store.read_json(descriptor["digest"])
        for child in document.get("manifests", []):
            self._walk(repository, child)
        for blob in [*document.get("layers", []), *([document["config"]] if "config" in document else [])]:
            if blob["digest"] not in self._seen:
                self._seen.add(blob["digest"])
                end = self.blobs[-1][3] + self.blobs[-1][2] if self.blobs else 0
                self.blobs.append((repository, blob["digest"], blob["size"], end))


def _write_steps(path, steps):
    text = "then\n".join("".join(" ".join(map(str, line)) + "\n" for line in step) for step in steps if step)
    pathlib.Path(path).write_text(text, encoding="ascii")
    return path


def publish(corpus, store, port, ociferry, scratch):
    """Makes the bundles of a corpus, with `ociferry push` to a registry that lives as long, for a source on `port`."""
    registry = Registry(scratch / "run", "staging", scratch, port)
    published = Published(corpus, store, registry.address)
    pushed = {}
    for name, members in corpus["nested"].items():
        images = {member: published.images[member] for member in members}
        pushed[name] = _push(published, registry, ociferry, f"bundle/{corpus['name']}-{name}", images, scratch)
    inner = {member for members in corpus["nested"].values() for member in members}
    images = {name: ref for name, ref in published.images.items() if name not in inner} | pushed
    published.bundle = _push(published, registry, ociferry, f"bundle/{corpus['name']}", images, scratch)
    registry.stop()
    shutil.rmtree(registry.data)
    return published


def _push(published, registry, ociferry, repository, images, scratch):
    """Pushes a bundle of these images and takes it over into the store; returns its reference by digest."""
    files = scratch / "bundle"
    shutil.rmtree(files, ignore_errors=True)
    (files / ".imgpkg").mkdir(parents=True)
    lock = ["apiVersion: imgpkg.carvel.dev/v1alpha1", "kind: ImagesLock", "images:"]
    for name, reference in images.items():
        lock += [f"- image: {reference}", "  annotations:", f"    kbld.carvel.dev/id: {name}"]
    (files / ".imgpkg" / "images.yml").write_text("\n".join(lock) + "\n", encoding="utf-8")
    (files / "config.yml").write_text("".join(f"- {name}: {ref}\n" for name, ref in images.items()), encoding="utf-8")
    command = [ociferry, "push", "-b", f"{registry.address}/{repository}:v1", "-f", str(files)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return published.add(repository, _take_over(registry, repository, published.store))


def _take_over(registry, repository, store):
    _, headers, body = registry.request("GET", f"/v2/{repository}/manifests/v1", {"Accept": ACCEPT})
    manifest = json.loads(body)
    for blob in [manifest["config"], *manifest["layers"]]:
        store.put(registry.request("GET", f"/v2/{repository}/blobs/{blob['digest']}")[2])
    return {"mediaType": headers["Content-Type"], **store.put(body)}
