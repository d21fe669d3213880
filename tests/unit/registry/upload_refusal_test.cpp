#include "store/memory_target.hpp"
#include "support/rig.hpp"

// What a refused upload advises to do.

using namespace ociferry;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::registry_error_reply;
using testing::Rig;

namespace {

/// The error of an upload whose PUT is always answered with `reply`, at `location`.
Error refused_upload(const HttpReply& reply, const std::string& location = "/v2/team/app/blobs/uploads/1") {
  Rig rig;
  MemoryTarget from;
  const Descriptor blob = from.add_blob("content", "application/octet-stream");
  rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.method == "POST") return HttpReply{202, {{"Location", location}}};
    return request.method == "PUT" ? std::optional(reply) : std::nullopt;
  };
  return error_of([&] { static_cast<void>(rig.repository().put_blob(blob, from, rig.progress, {})); });
}

bool says(const Error& error, const std::string& words) { return error.hint_text().find(words) != std::string::npos; }

}  // namespace

TEST_CASE("an upload refused at another host name has no hint to log in there") {
  const Error error = refused_upload({401}, "https://internal.example:8443/v2/team/app/blobs/uploads/1");
  CHECK(error.code() == ErrorCode::Unauthorized);
  CHECK(says(error, "reg.example sends uploads to internal.example:8443,"));
  CHECK(says(error, "external URL"));
  CHECK_FALSE(says(error, "ociferry login"));
  CHECK(says(refused_upload({401}), "have the registry accept Basic or Bearer"));
}

TEST_CASE("an upload unknown to another replica of the registry has a hint about http.secret") {
  const Error invalid = refused_upload(registry_error_reply(400, "BLOB_UPLOAD_INVALID"));
  CHECK(invalid.code() == ErrorCode::Refused);
  CHECK(says(invalid, "http.secret"));
  const Error unknown = refused_upload(registry_error_reply(404, "BLOB_UPLOAD_UNKNOWN"));
  CHECK(unknown.code() == ErrorCode::Refused);
  CHECK(says(unknown, "http.secret"));
  CHECK_FALSE(says(refused_upload(registry_error_reply(400, "DIGEST_INVALID")), "http.secret"));
  CHECK(says(refused_upload(registry_error_reply(404, "NAME_UNKNOWN")), "created first"));
}

TEST_CASE("an upload to an unreachable location names the registry that sent it there") {
  Rig rig{Rig::Script{}, {.retry_count = 0}};
  MemoryTarget from;
  const Descriptor blob = from.add_blob("content", "application/octet-stream");
  const std::string session = "https://reg.example:8443/v2/team/app/blobs/uploads/1";
  rig.transport->expect("HEAD", "https://reg.example/v2/team/app/blobs/" + blob.digest.text(), {404})
      .expect("GET", "https://reg.example/v2/")
      .expect("POST", "https://reg.example/v2/team/app/blobs/uploads/", {202, {{"Location", session}}})
      .expect_failure("PUT", session + "?digest=sha256%3A" + std::string(blob.digest.hex()),
                      TransportError::Kind::Connect);
  const Error error = error_of([&] { static_cast<void>(rig.repository().put_blob(blob, from, rig.progress, {})); });
  REQUIRE(error.context().size() == 1);
  CHECK(error.context().front() == "reg.example sends uploads to https://reg.example:8443");
  CHECK(says(error, "external URL"));
}
