#include <doctest/doctest.h>

#include <mutex>

#include "base/text.hpp"
#include "oci/tag_names.hpp"
#include "ociferry/error.hpp"
#include "ociferry/ferry.hpp"
#include "support/fake_registry.hpp"
#include "support/http_server.hpp"
#include "support/image_builder.hpp"
#include "support/tar_builder.hpp"
#include "support/temp.hpp"

// What names in archives did to other programs, by the names under which it became known.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

std::string blob_name(const Digest& digest) { return "blobs/sha256/" + std::string(digest.hex()); }

/// An OCI archive of `image` whose index.json gives it these annotations.
std::string oci_archive(const Image& image, const std::string& annotations) {
  TarBuilder tar;
  for (const RawManifest& manifest : image.manifests) {
    tar.file(blob_name(manifest.descriptor.digest), manifest.bytes);
  }
  for (const auto& [digest, content] : image.blobs) tar.file(blob_name(digest), content);
  const std::string entry =
      text::cat(R"({"mediaType":")", image.descriptor.media_type, R"(","digest":")", image.descriptor.digest.text(),
                R"(","size":)", image.descriptor.size, R"(,"annotations":{)", annotations, "}}");
  return tar.file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})")
      .file("index.json", text::cat(R"({"schemaVersion":2,"manifests":[)", entry, "]}"))
      .tar();
}

/// Imports an archive into "team/app" of a registry of this process.
class Import {
 public:
  explicit Import(const std::string& archive) { write_text(path(), archive); }

  /// The error's text; empty if there is none.
  [[nodiscard]] std::string run() {
    Context context;
    context.registry.anonymous = true;
    context.registry.retry_count = 0;
    ImportOptions options{.archives = {path()},
                          .relocate = {.to = parse_repository(text::cat(server_.host(), "/team/app"))}};
    try {
      static_cast<void>(import_archive(options, context));
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  /// The paths of all requests but those for tokens and versions.
  [[nodiscard]] std::vector<std::string> paths() const {
    std::vector<std::string> found;
    for (const HttpRequest& request : server_.requests()) {
      if (request.path != "/v2/") found.push_back(request.path);
    }
    return found;
  }
  [[nodiscard]] const FakeRegistry& registry() const { return registry_; }

 private:
  [[nodiscard]] std::filesystem::path path() const { return directory_.path() / "a.tar"; }

  TempDirectory directory_ = temp_directory();
  FakeRegistry registry_;
  HttpServer server_{registry_.handler()};
};

}  // namespace

TEST_CASE("CVE-2026-50195: names in an archive do not decide where it is written, only the command line does") {
  const Image image = make_image();
  for (const char* name : {"other.example/victim/app:latest", "victim/app:latest", "docker.io/library/debian:stable"}) {
    CAPTURE(name);
    const std::string quoted = text::cat('"', name, '"');
    Import import(oci_archive(image, text::cat(R"("org.opencontainers.image.ref.name":)", quoted,
                                               R"(,"io.containerd.image.name":)", quoted)));
    CHECK(import.run() == "");
    CHECK_FALSE(import.paths().empty());
    for (const std::string& path : import.paths()) CHECK(path.starts_with("/v2/team/app/"));
    CHECK(import.registry().tag("team/app", image_tag(image.descriptor.digest)) == image.descriptor.digest);
  }
}

TEST_CASE("CVE-2026-50195: a name that is not a tag reaches no URL") {
  for (const char* name : {"../../victim/manifests/latest", "v1/../../x", "v1?x=y", "v1 x", "v1%2f..", "-v1"}) {
    CAPTURE(name);
    Import import(oci_archive(make_image(), text::cat(R"("org.opencontainers.image.ref.name":")", name, '"')));
    static_cast<void>(import.run());  // refused, or written without that tag
    for (const std::string& path : import.paths()) {
      CHECK(path.starts_with("/v2/team/app/"));
      CHECK(path.find("victim") == std::string::npos);
      CHECK(path.find("..") == std::string::npos);
    }
  }
}

TEST_CASE("CWE-150: names cannot write to the terminal, hide or turn around what is shown") {
  const std::string evil =
      "\x1b[2J\x1b]0;owned\x07\xc2\x9b"
      "31m\xe2\x80\xaetxt.exe\xe2\x80\x8b\r\nok: done\x7f";
  const std::string shown = text::printable(evil);
  for (const char control : {'\x1b', '\x07', '\r', '\n', '\x7f'}) CHECK(shown.find(control) == std::string::npos);
  for (const char* hidden : {"\xc2\x9b", "\xe2\x80\xae", "\xe2\x80\x8b"})
    CHECK(shown.find(hidden) == std::string::npos);
  CHECK(shown.starts_with("\\u{1b}[2J"));
}
