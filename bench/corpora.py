#!/usr/bin/env python3
"""Makes the corpora of the benchmark: images of real files, in one blob store below $BENCH_ROOT.

usage: corpora.py NAME...      NAME: small medium many few large, blobs-N (10 to 50000), bytes-N (megabytes), synthetic

What exists is kept. Every choice is seeded; the content of packages follows the Debian release that apt is set up for.
"""

import json
import math
import pathlib
import random
import sys

from blob_store import PLAIN_LAYER, BlobStore, bench_root, image, index, random_layer, small_layer, sparse_layer
from packages import Packages

SMALL = {"web": ["base", "nginx", "app"], "py": ["base", "python", "app"], "db": ["base", "perl", "postgres", "app"]}
MEDIUM = {
    "py": ["base", "python", "scipy", "app"],
    "java": ["base", "openjdk", "app"],
    "node": ["base", "node", "webkit", "app"],
    "db": ["base", "perl", "postgres", "mariadb", "app"],
    "gcc": ["base", "perl", "gcc", "app"],
    "clang": ["base", "gcc", "clang", "app"],
    "go": ["base", "gcc", "go", "app"],
    "rust": ["base", "gcc", "rust", "app"],
    "web": ["base", "chromium", "app"],
    "office": ["base", "openjdk", "office", "app"],
    "platform": ["base", "platform", "ghc", "app"],
    "wine": ["base", "wine", "app"],
}
MEDIUM_NESTED = {"a": ["py", "java", "node", "db"], "b": ["gcc", "clang", "go", "rust"]}
LARGE_BYTES = 3_000_000_000
FEW = 3
FEW_BYTES = 120_000_000
SPARSE_LAYERS = 10
GROWTH_LAYERS_PER_IMAGE = 100


class Corpora:
    """The corpora below one root, by name."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.store = BlobStore(root)
        self.packages = Packages(root, self.store)

    def need(self, name):
        """The corpus, made now if it was not there: {name, images: {name: descriptor}, nested: {bundle: [image]}}."""
        file = self.root / "corpora" / f"{name}.json"
        if not file.exists():
            print(f"making corpus {name}", file=sys.stderr, flush=True)
            images, nested = self._make(name)
            file.parent.mkdir(parents=True, exist_ok=True)
            content = {"name": name, "images": images, "nested": nested}
            file.write_text(json.dumps(content, indent=1) + "\n", encoding="ascii")
        return json.loads(file.read_text(encoding="ascii"))

    def _make(self, name):
        kind, _, number = name.partition("-")
        match kind, number:
            case "small", "":
                return self._of_packages("small", SMALL), {}
            case "medium", "":
                return self._of_packages("medium", MEDIUM), MEDIUM_NESTED
            case "many", "":
                return self._many(), {}
            case "large", "":
                return self._large(), {}
            case "few", "":
                layers = [self._random_layer(f"few {i}", FEW_BYTES) for i in range(FEW)]
                return {"few": image(self.store, "few", layers)}, {}
            case "synthetic", "":
                return self._synthetic(), {"inner": ["s1", "s2"]}
            case "blobs", number if number.isdecimal():
                return self._blobs(int(number)), {}
            case "bytes", number if number.isdecimal():
                return self._bytes(int(number)), {}
        sys.exit(f"there is no corpus called {name}")

    def _of_packages(self, corpus, images):
        made = {}
        for name, layers in images.items():
            made[name] = image(self.store, name, [self._package_layer(corpus, name, layer) for layer in layers])
        return made

    def _package_layer(self, corpus, name, layer):
        if layer != "app":
            return self.packages.layer(layer)
        choice = random.Random(f"{corpus} {name}")
        return self.packages.small_layer(choice, choice.randint(20_000, 2_000_000))

    def _many(self):
        """200 images of 10 layers: 2 of 20 bases, 1 of 60 runtimes and 7 of their own each."""

        def layer(seed):
            choice = random.Random(seed)
            size = math.exp(choice.uniform(math.log(1_000), math.log(500_000)))
            return self.packages.small_layer(choice, int(size))

        choice = random.Random("many")
        bases = [layer(f"base {i}") for i in range(20)]
        runtimes = [layer(f"runtime {i}") for i in range(60)]
        made = {}
        for i in range(200):
            shared = [*choice.sample(bases, 2), choice.choice(runtimes)]
            made[f"n{i:03}"] = image(self.store, f"n{i:03}", shared + [layer(f"own {i} {j}") for j in range(7)])
        return made

    def _large(self):
        big = self._random_layer("large", LARGE_BYTES)
        return {"large": image(self.store, "large", [big, self._tiny_layer("large", 200_000)])}

    def _synthetic(self):
        """Needs no package: 4 images, one of them an index of two platforms, of random bytes; 24 blobs, 31 MB."""
        shared = self._random_layer("shared", 8_000_000)

        def one(name, cpu="amd64"):
            own = [self._random_layer(f"{name} {cpu}", 4_000_000)]
            small = [self._tiny_layer(f"{name} {cpu} {i}", 3_000) for i in range(2)]
            return image(self.store, name, [shared, *own, *small], cpu)

        made = {name: one(name) for name in ("s1", "s2", "s3")}
        made["s4"] = index(self.store, {cpu: one("s4", cpu) for cpu in ("amd64", "arm64")})
        return made

    def _blobs(self, count):
        """`count` layers of about 2 kB, in images of GROWTH_LAYERS_PER_IMAGE."""
        layers = [self._tiny_layer(f"blob {i}", 1_500) for i in range(count)]
        step = GROWTH_LAYERS_PER_IMAGE
        groups = [layers[i : i + step] for i in range(0, count, step)]
        return {f"g{i:03}": image(self.store, f"g{i:03}", group) for i, group in enumerate(groups)}

    def _bytes(self, megabytes):
        """Uncompressed layers of zeros: they are served like any other, and take no disk."""
        layers = []
        for number in range(SPARSE_LAYERS):
            path = self.store.directory / "sparse.part"
            sparse_layer(path, f"{megabytes} {number}", megabytes * 1_000_000 // SPARSE_LAYERS)
            descriptor = self.store.adopt(path)
            layers.append(({"mediaType": PLAIN_LAYER, **descriptor}, descriptor["digest"]))
        return {"zeros": image(self.store, f"zeros-{megabytes}", layers)}

    def _random_layer(self, seed, size):
        path = self.store.directory / "random.part"
        diff_id = random_layer(path, size, random.Random(seed))
        return self.store.adopt(path), diff_id

    def _tiny_layer(self, seed, size):
        data, diff_id = small_layer([("content.bin", random.Random(seed).randbytes(size))])
        return self.store.put(data), diff_id


def main(names):
    if not names or names[0].startswith("-"):
        sys.exit(__doc__)
    corpora = Corpora(bench_root())
    for name in names:
        images = corpora.need(name)["images"]
        print(f"{name}: {len(images)} images")


if __name__ == "__main__":
    main(sys.argv[1:])
