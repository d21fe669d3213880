#include "oci/given_reference.hpp"

#include <doctest/doctest.h>

#include "ociferry/error.hpp"
#include "support/error_of.hpp"

using namespace ociferry;

namespace {

/// The hint of the usage error that `parse` must end with.
template <typename Parse>
std::string hint_of(const Parse& parse, const char* text) {
  try {
    static_cast<void>(parse(text));
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::Usage);
    return error.hint_text();
  }
  return "(taken)";
}

}  // namespace

TEST_CASE("a registry without a repository is refused, and not taken for an image of Docker Hub") {
  for (const char* text : {"localhost", "localhost:6443", "registry.example.com", "registry.example.com:5000",
                           "10.0.0.1:5000", "registry.example.com:5000@sha256:"}) {
    CAPTURE(text);
    const std::string wanted = std::string("write ") + text + "/REPOSITORY";
    CHECK(hint_of(given_reference, text) == wanted);
    CHECK(hint_of(given_repository, text) == wanted);
  }
  // Without a dot it may be an image; but a repository to write to has no tag.
  CHECK(given_reference("debian:12").name.repository == "library/debian");
  CHECK(hint_of(given_repository, "registry:5000") == "write registry:5000/REPOSITORY");
}

TEST_CASE("a password in a reference is not shown, and the hint says where it belongs") {
  for (const char* text :
       {"me:secret@reg.example/app:v1", "https://me:secret@reg.example/app:v1", "me.x:123@reg.example"}) {
    CAPTURE(text);
    for (const auto& parse : {+[](std::string_view given) { static_cast<void>(given_reference(given)); },
                              +[](std::string_view given) { static_cast<void>(given_repository(given)); },
                              +[](std::string_view given) { static_cast<void>(parse_digest_reference(given)); }}) {
      const Error error = testing::error_of([&] { parse(text); });
      const std::string said = error.message() + error.hint_text();
      CHECK(said.find("secret") == std::string::npos);
      CHECK(said.find(":123") == std::string::npos);
      CHECK(said.find("[not shown]@reg.example") != std::string::npos);
    }
  }
  CHECK(hint_of(given_reference, "me:secret@reg.example/app:v1").find("`ociferry login reg.example`") !=
        std::string::npos);
}

TEST_CASE("localhost without a port is refused as ambiguous: this machine, or a name at Docker Hub") {
  for (const char* text : {"localhost/team/app", "localhost/app:v1"}) {
    CAPTURE(text);
    const std::string hint = hint_of(given_reference, text);
    CHECK(hint.starts_with("write localhost:443/"));
    CHECK(hint.find("docker.io") == std::string::npos);
    CHECK(hint_of(given_repository, text) == hint);
  }
}

TEST_CASE("all other references are parsed as in lock files") {
  for (const char* text : {"nginx", "nginx:1.25", "some/app", "localhost:5000/app", "ghcr.io/a/b/c:v1",
                           "docker.io/nginx", "[::1]:5000/app:x", "registry.example.com:5000/app"}) {
    CAPTURE(text);
    CHECK(to_string(given_reference(text)) == to_string(Reference::parse(text)));
  }
  CHECK(hint_of(given_repository, "r.io/app:v1") == "write r.io/app");
}
