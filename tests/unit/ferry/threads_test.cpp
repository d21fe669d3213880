#include <doctest/doctest.h>

#include <array>
#include <mutex>
#include <thread>

#include "ociferry/ferry.hpp"
#include "support/image_builder.hpp"
#include "support/registry_server.hpp"
#include "support/temp.hpp"

// The library in a program with threads of its own.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

ExportOptions export_of(const std::string& image, const std::filesystem::path& archive) {
  return {.sources = {{.kind = SourceArgument::Kind::Image, .value = image}}, .archive = archive};
}

/// Calls once, when the first bytes have moved.
class OnFirstBytes : public Progress {
 public:
  explicit OnFirstBytes(std::function<void()> call) : call_(std::move(call)) {}
  void advance(std::int64_t) override { std::call_once(called_, call_); }

 private:
  std::function<void()> call_;
  std::once_flag called_;
};

}  // namespace

TEST_CASE("several threads may use the library concurrently, with the same context") {
  if (lacks({"docker-registry"})) return;
  RegistryServer registry;
  const TempDirectory directory = temp_directory();
  const Context context;
  std::array<std::string, 4> results;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < results.size(); ++i) {
      const std::string name = "app" + std::to_string(i);
      const Reference image = push_image(registry, name, make_image({.layers = {{.seed = i}}}), "v1");
      threads.emplace_back([&, image, name, i] {
        try {
          const std::filesystem::path archive = directory.path() / (name + ".tar");
          export_archive(export_of(registry.host() + "/" + name + ":v1", archive), context);
          verify({.archive = archive}, context);
          const RepositoryName to = parse_repository(registry.host() + "/copies/" + name);
          import_archive({.archives = {archive}, .relocate = {.to = to}}, context);
          const bool is_same = resolve_tag({.name = to, .tag = "v1", .digest = {}}, context).digest == image.digest;
          results.at(i) = is_same ? "carried" : "another image";
        } catch (const Error& error) {
          results.at(i) = error.message();
        }
      });
    }
  }
  for (const std::string& result : results) CHECK(result == "carried");
}

TEST_CASE("a call that writes the same archive as a running one throws Busy") {
  if (lacks({"docker-registry"})) return;
  RegistryServer registry;
  const TempDirectory directory = temp_directory();
  push_image(registry, "app", make_image(), "v1");
  const ExportOptions options = export_of(registry.host() + "/app:v1", directory.path() / "app.tar");
  std::optional<ErrorCode> second;
  OnFirstBytes progress([&] {
    try {
      export_archive(options, {});
    } catch (const Error& error) {
      second = error.code();
    }
  });
  CHECK(export_archive(options, {.progress = &progress}).images == 1);
  CHECK(second == ErrorCode::Busy);
}
