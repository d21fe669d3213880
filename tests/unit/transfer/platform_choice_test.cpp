#include "transfer/platform_choice.hpp"

#include <doctest/doctest.h>

#include "base/text.hpp"
#include "oci/platform.hpp"
#include "ociferry/error.hpp"
#include "store/memory_target.hpp"
#include "stream/sha256.hpp"
#include "transfer/graph.hpp"

// Which children of an index are fetched for some platforms.

using namespace ociferry;

namespace {

/// A place with images and indexes, made by `row`s of JSON.
struct Place {
  MemoryTarget target{std::nullopt, SparseIndexes::Taken};

  Descriptor put(const std::string& body, std::string_view type) {
    const Descriptor descriptor{.media_type = std::string(type), .digest = sha256(body), .size = body.size()};
    target.put_manifest({descriptor, body}, descriptor.digest.text());
    return descriptor;
  }

  Descriptor image(const std::string& content) {
    const Descriptor config = target.add_blob(content, std::string(media_type::kOciConfig));
    return put(text::cat(R"({"schemaVersion":2,"config":)", row(config), R"(,"layers":[]})"), media_type::kOciManifest);
  }

  Descriptor index(const std::vector<std::string>& rows) {
    return put(text::cat(R"({"schemaVersion":2,"manifests":[)", text::join(rows, ","), "]}"), media_type::kOciIndex);
  }

  static std::string row(const Descriptor& one, const std::string& more = "") {
    return text::cat(R"({"mediaType":")", one.media_type, R"(","digest":")", one.digest.text(), R"(","size":)",
                     one.size, more, "}");
  }

  static std::string on(const Descriptor& image, const std::string& os, const std::string& arch) {
    return row(image, text::cat(R"(,"platform":{"os":")", os, R"(","architecture":")", arch, R"("})"));
  }

  static std::string about(const Descriptor& attestation, const Descriptor& image) {
    return row(attestation,
               text::cat(R"(,"platform":{"os":"unknown","architecture":"unknown"},"annotations":{)",
                         R"("vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":")",
                         image.digest.text(), R"("})"));
  }

  std::set<Digest> fetch(const Descriptor& root, const std::vector<std::string>& platforms) {
    TreeRules rules;
    for (const std::string& platform : platforms) rules.platforms.push_back(parse_platform(platform));
    std::set<Digest> digests;
    for (const TreeManifest& one : fetch_tree(target, target.manifest(root.digest.text()).value(), rules)) {
      digests.insert(one.raw.descriptor.digest);
    }
    return digests;
  }

  [[nodiscard]] bool was_read(const Descriptor& manifest) const {
    for (const std::string& operation : target.operations()) {
      if (operation == "get " + manifest.digest.text()) return true;
    }
    return false;
  }
};

/// An index as a builder makes it: three platforms, each with its attestation.
struct Built : Place {
  Descriptor amd64 = image("amd64");
  Descriptor arm64 = image("arm64");
  Descriptor s390x = image("s390x");
  Descriptor about_amd64 = image("about amd64");
  Descriptor about_arm64 = image("about arm64");
  Descriptor about_s390x = image("about s390x");
  Descriptor root = index({on(amd64, "linux", "amd64"), on(arm64, "linux", "arm64"), on(s390x, "linux", "s390x"),
                           about(about_amd64, amd64), about(about_arm64, arm64), about(about_s390x, s390x)});
};

std::string refusal(Place& place, const Descriptor& root, const std::vector<std::string>& platforms) {
  try {
    static_cast<void>(place.fetch(root, platforms));
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::NotFound);
    return error.message();
  }
  return "none";
}

}  // namespace

TEST_CASE("only children of the requested platforms are fetched, with their attestations") {
  Built built;
  CHECK(built.fetch(built.root, {"linux/arm64/v8"}) ==
        std::set{built.root.digest, built.arm64.digest, built.about_arm64.digest});
  for (const Descriptor& other : {built.amd64, built.s390x, built.about_amd64, built.about_s390x}) {
    CHECK_FALSE(built.was_read(other));
  }
  CHECK(built.fetch(built.root, {"linux/arm64", "linux/amd64"}).size() == 5);
  CHECK(built.fetch(built.root, {}).size() == 7);
}

TEST_CASE("an index without a requested platform is refused with a list of its platforms") {
  Built built;
  CHECK(refusal(built, built.root, {"linux/riscv64", "windows/amd64"}) ==
        "the index " + built.root.digest.text() +
            " has no image for linux/riscv64 or windows/amd64; available: linux/amd64, linux/arm64, linux/s390x");
}

TEST_CASE("nested indexes are searched, and those without a requested platform are absent") {
  Built built;
  const Descriptor windows = built.image("windows");
  const Descriptor inner = built.index({Place::on(windows, "windows", "amd64")});
  const Descriptor outer = built.index({Place::row(built.root), Place::row(inner)});
  CHECK(built.fetch(outer, {"windows/amd64"}) == std::set{outer.digest, inner.digest, windows.digest});
  CHECK(built.fetch(outer, {"linux/amd64"}).size() == 4);
  CHECK(refusal(built, outer, {"linux/riscv64"}).find("windows/amd64") != std::string::npos);
}

TEST_CASE("children without a platform are kept, but do not count as a match") {
  Built built;
  const Descriptor thing = built.image("thing");
  const Descriptor mixed = built.index({Place::row(thing), Place::on(built.amd64, "linux", "amd64")});
  CHECK(built.fetch(mixed, {"linux/amd64"}).size() == 3);
  CHECK(refusal(built, mixed, {"linux/arm64"}) != "none");
  CHECK(built.fetch(built.index({Place::row(thing)}), {"linux/arm64"}).size() == 2);
}

TEST_CASE("an image that is listed for two platforms matches both") {
  Built built;
  const Descriptor both =
      built.index({Place::on(built.amd64, "linux", "amd64"), Place::on(built.amd64, "linux", "386")});
  CHECK(built.fetch(both, {"linux/386"}).contains(built.amd64.digest));
  CHECK(built.fetch(both, {"linux/amd64"}).contains(built.amd64.digest));
}

TEST_CASE("retaining manifests keeps these and their blobs") {
  Built built;
  Graph graph;
  graph.add(fetch_tree(built.target, built.target.manifest(built.root.digest.text()).value()), nullptr);
  CHECK(graph.blobs().size() == 6);
  graph.retain({built.root.digest, built.arm64.digest});
  CHECK(graph.manifests().size() == 2);
  CHECK(graph.blobs().size() == 1);
  CHECK(graph.absent_children(built.root.digest).size() == 5);
  CHECK(graph.at(built.root.digest).height == 1);
}
