#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "base/sizes.hpp"
#include "stage.hpp"
#include "support/fake_registry.hpp"
#include "support/process.hpp"

// Blobs that go to the real registry in chunks, by way of proxies that allow no more.

using namespace ociferry;
using namespace ociferry::testing;

namespace {

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string bytes(size, ' ');
  std::ranges::generate(bytes, [&] { return static_cast<char>(random()); });
  return bytes;
}

/// A registry behind a proxy, and an image with a layer of more than three megabytes to push there.
struct Behind {
  RegistryServer registry;
  FaultProxy proxy{registry};
  TempDirectory directory = temp_directory();
  std::string content = noise(3 * kMiB);

  void push_and_check(std::uint64_t chunk_size) {
    Context context{.registry = quick_options()};
    context.registry.upload_chunk_size = chunk_size;
    const std::string name = proxy.host() + "/team/app:v1";
    write_text(directory.path() / "in/file", content);
    static_cast<void>(
        push({.target = Reference::parse(name), .is_bundle = false, .files = {directory.path() / "in"}}, context));
    pull({.source = {SourceArgument::Kind::Image, name}, .output = directory.path() / "out"}, context);
    CHECK(read_text(directory.path() / "out/file") == content);
    CHECK(has_all(registry, "team/app", "v1"));
  }
  std::size_t count(const std::string& method, int status) {
    return static_cast<std::size_t>(std::ranges::count_if(proxy.transcript(), [&](const Exchange& one) {
      return one.request.method == method && one.status == status &&
             one.request.path.find("/blobs/uploads/") != std::string::npos;
    }));
  }
};

Fault capped(std::size_t bytes, int status) {
  return {.decide = [=](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.body.size() <= bytes) return std::nullopt;
    return HttpReply{.status = status, .headers = {{"Content-Type", "text/html"}}, .body = "<html>too large"};
  }};
}

}  // namespace

TEST_CASE("a proxy that allows a megabyte a request is passed in chunks of a megabyte") {
  if (lacks({"docker-registry"})) return;
  Behind behind;
  behind.proxy.use({{.match = {.path = "/blobs/uploads/"}, .fault = capped(kMiB, 413)}});
  behind.push_and_check(0);
  CHECK(behind.count("PUT", 413) == 1);
  CHECK(behind.count("PATCH", 202) == 4);
}

TEST_CASE("a registry that refuses large chunks with 416, as GitHub's does, gets smaller ones") {
  if (lacks({"docker-registry"})) return;
  Behind behind;
  behind.proxy.use({{.match = {"PATCH", "/blobs/uploads/"}, .fault = capped(kMiB, 416)}});
  behind.push_and_check(2 * kMiB);
  CHECK(behind.count("PATCH", 416) == 1);
  CHECK(behind.count("PUT", 201) >= 1);
}

TEST_CASE("chunks that break off, or get lost or wrong responses, end in the same image") {
  if (lacks({"docker-registry"})) return;
  const Match chunk{"PATCH", "/blobs/uploads/"};
  for (const Fault& fault : {Fault{.cut_request = 500'000}, Fault{.cut_request = 0}, Fault{.lose_answer = true},
                             Fault{.forget_session = true}, Fault{.set_headers = {{"Range", "0-0"}}},
                             Fault{.answer = registry_error_reply(503, "UNAVAILABLE")}}) {
    Behind behind;
    behind.proxy.use({{.match = chunk, .fault = fault, .times = 1, .skip = 1}});
    behind.push_and_check(kMiB);
    CHECK(std::ranges::any_of(behind.proxy.transcript(), &Exchange::faulty));
  }
}

TEST_CASE("a registry that takes no chunks gets blobs whole") {
  if (lacks({"docker-registry"})) return;
  Behind behind;
  behind.proxy.use({{.match = {"PATCH", ""}, .fault = {.answer = registry_error_reply(405, "UNSUPPORTED")}}});
  behind.push_and_check(kMiB);
  CHECK(behind.count("PATCH", 405) == 1);
}
