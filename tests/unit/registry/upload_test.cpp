#include "store/memory_target.hpp"
#include "stream/memory.hpp"
#include "support/rig.hpp"

using namespace ociferry;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::registry_error_reply;
using testing::Rig;

namespace {

struct SingleUpload {
  Rig rig;
  MemoryTarget from;
  Descriptor blob = from.add_blob(std::string(100'000, 'u'), "application/octet-stream");

  explicit SingleUpload(RegistryOptions options = {}) : rig(std::move(options)) {}
  BlobOutcome run() { return rig.repository().put_blob(blob, from, rig.progress, {}); }
  [[nodiscard]] bool arrived() const { return rig.registry.has_blob("team/app", blob.digest); }
  [[nodiscard]] std::size_t reads() const { return from.operations().size(); }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(blob.size); }
};

/// A file that says where else its blobs may be.
class Hinting : public MemoryTarget {
 public:
  [[nodiscard]] std::optional<RepositoryName> mountable_from() const override {
    return RepositoryName{"reg.example", "source/app"};
  }
};

const std::string kUploads = "https://reg.example/v2/team/app/blobs/uploads/";

}  // namespace

TEST_CASE("an upload is HEAD, POST and one PUT") {
  SingleUpload upload;
  CHECK(upload.run() == BlobOutcome::Written);
  CHECK(upload.arrived());
  CHECK(upload.rig.progress.bytes == upload.size());
  const auto lines = upload.rig.transport->lines();
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "HEAD https://reg.example/v2/team/app/blobs/" + upload.blob.digest.text());
  CHECK(lines[2] == "POST " + kUploads);
  CHECK(lines[3].starts_with("PUT " + kUploads + "session-1?_state=a%2Bb&digest=sha256%3A"));
}

TEST_CASE("an existing blob is neither read nor sent") {
  SingleUpload upload;
  upload.rig.registry.add_blob("team/app", std::string(100'000, 'u'));
  CHECK(upload.run() == BlobOutcome::Existed);
  CHECK(upload.reads() == 0);
  CHECK(upload.rig.progress.bytes == upload.size());
}

TEST_CASE("a blob of another repository of the registry is mounted") {
  SingleUpload upload;
  upload.rig.registry.add_blob("source/app", std::string(100'000, 'u'));
  Repository& source = upload.rig.repository("source/app");
  CHECK(upload.rig.repository().put_blob(upload.blob, source, upload.rig.progress, {}) == BlobOutcome::Mounted);
  CHECK(upload.arrived());
  CHECK(upload.rig.progress.bytes == upload.size());
  CHECK(upload.rig.count("PUT") == 0);
}

TEST_CASE("a blob that was asked for is not asked for again, once") {
  for (const bool is_there : {false, true}) {
    CAPTURE(is_there);
    SingleUpload upload;
    if (is_there) upload.rig.registry.add_blob("team/app", std::string(100'000, 'u'));
    Repository& repository = upload.rig.repository();
    repository.ask_ahead(upload.blob, {});
    const auto expected = is_there ? BlobOutcome::Existed : BlobOutcome::Written;
    CHECK(repository.put_blob(upload.blob, upload.from, upload.rig.progress, {}) == expected);
    CHECK(upload.rig.count("HEAD") == 1);
    CHECK(repository.put_blob(upload.blob, upload.from, upload.rig.progress, {}) == BlobOutcome::Existed);
    CHECK(upload.rig.count("HEAD") == 2);
  }
}

TEST_CASE("a blob that could not be asked for ahead is asked for when it is uploaded") {
  SingleUpload upload;
  bool refuses = true;
  upload.rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.method != "HEAD" || !refuses) return std::nullopt;
    return HttpReply{401};
  };
  upload.rig.repository().ask_ahead(upload.blob, {});
  refuses = false;
  CHECK(upload.rig.repository().put_blob(upload.blob, upload.from, upload.rig.progress, {}) == BlobOutcome::Written);
  CHECK(upload.arrived());
  std::stop_source stop;
  stop.request_stop();
  CHECK_THROWS_AS(upload.rig.repository().ask_ahead(upload.blob, stop.get_token()), Error);
}

TEST_CASE("a blob that was asked for, and then proved to be lost, is uploaded") {
  SingleUpload upload;
  upload.rig.registry.add_blob("team/app", std::string(100'000, 'u'));
  upload.rig.repository().ask_ahead(upload.blob, {});
  upload.rig.repository().distrust(upload.blob.digest);
  CHECK(upload.rig.repository().put_blob(upload.blob, upload.from, upload.rig.progress, {}) == BlobOutcome::Written);
}

TEST_CASE("a blob of another registry is not mounted") {
  SingleUpload upload;
  upload.rig.registry.add_blob("source/app", std::string(100'000, 'u'));
  Repository& source = upload.rig.repository("source/app", "other.example");
  CHECK(upload.rig.repository().put_blob(upload.blob, source, upload.rig.progress, {}) == BlobOutcome::Written);
  CHECK(upload.rig.count("POST " + kUploads + "?mount") == 0);
}

TEST_CASE("a blob is uploaded if a mount fails for any reason") {
  for (const int status : {400, 401, 403, 404, 405, 500, 503, 200}) {
    CAPTURE(status);
    SingleUpload upload;
    upload.rig.registry.add_blob("source/app", std::string(100'000, 'u'));
    upload.rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
      if (request.parameter("mount").empty()) return std::nullopt;
      return HttpReply{status};
    };
    Repository& source = upload.rig.repository("source/app");
    CHECK(upload.rig.repository().put_blob(upload.blob, source, upload.rig.progress, {}) == BlobOutcome::Written);
    CHECK(upload.arrived());
    CHECK(upload.rig.count("POST") == 2);
    CHECK(upload.rig.progress.bytes == upload.size());
  }
}

TEST_CASE("the upload session that a registry opens instead of mounting is used") {
  SingleUpload upload;  // the fake registry does so when the source has no such blob
  upload.rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.path.find("source/app/blobs") == std::string::npos) return std::nullopt;
    return HttpReply{200, {}, std::string(100'000, 'u')};
  };
  Repository& source = upload.rig.repository("source/app");
  CHECK(upload.rig.repository().put_blob(upload.blob, source, upload.rig.progress, {}) == BlobOutcome::Written);
  CHECK(upload.rig.count("POST") == 1);
  CHECK(upload.arrived());
}

TEST_CASE("a blob of a file is mounted from its possible repository after the file's copy is verified") {
  Rig rig;
  Hinting file;
  const Descriptor blob = file.add_blob("held", "x");
  rig.registry.add_blob("source/app", "held");
  CHECK(rig.repository().put_blob(blob, file, rig.progress, {}) == BlobOutcome::Mounted);
  CHECK(file.operations().size() == 1);

  // What a file only names is not fetched for it with our rights.
  const Descriptor named = rig.registry.add_blob("source/app", "not held");
  CHECK_THROWS_AS(static_cast<void>(rig.repository().put_blob(named, file, rig.progress, {})), Error);
  CHECK_FALSE(rig.registry.has_blob("team/app", named.digest));
}

TEST_CASE("an uncertain mount costs no request: its session is used, and a refusal ends further ones") {
  Rig rig;
  Hinting file;
  const Descriptor first = file.add_blob("first", "x");
  const Descriptor second = file.add_blob("second", "x");
  CHECK(rig.repository().put_blob(first, file, rig.progress, {}) == BlobOutcome::Written);
  CHECK(rig.count("POST") == 1);
  rig.answer_first(1, "POST", "/blobs/uploads/", HttpReply{404});
  CHECK(rig.repository().put_blob(second, file, rig.progress, {}) == BlobOutcome::Written);
  CHECK(rig.count("POST") == 3);
  CHECK(rig.repository().put_blob(file.add_blob("third", "x"), file, rig.progress, {}) == BlobOutcome::Written);
  CHECK(rig.count("POST") == 4);
  CHECK(rig.count("POST " + kUploads + "?mount") == 2);
}

TEST_CASE("a repository that refuses mounts is tried once; one that failed is tried again") {
  for (const int status : {403, 404}) {
    CAPTURE(status);
    Rig rig;
    const Descriptor one = rig.registry.add_blob("source/app", "one");
    const Descriptor two = rig.registry.add_blob("source/app", "two");
    rig.answer_first(1, "POST", "/blobs/uploads/", HttpReply{status});
    for (const Descriptor& blob : {one, two}) {
      static_cast<void>(rig.repository().put_blob(blob, rig.repository("source/app"), rig.progress, {}));
      CHECK(rig.registry.has_blob("team/app", blob.digest));
    }
    CHECK(rig.count("POST " + kUploads + "?mount") == (status == 403 ? 1 : 2));
  }
}

TEST_CASE("after a lost response the blob is looked up") {
  SingleUpload upload;
  // The registry keeps the blob, but the answer to the PUT does not arrive.
  upload.rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.method != "PUT") return std::nullopt;
    upload.rig.registry.add_blob("team/app", request.body);
    HttpReply lost;
    lost.drop = true;
    return lost;
  };
  CHECK(upload.run() == BlobOutcome::Written);
  CHECK(upload.rig.count("PUT") == 1);
  CHECK(upload.rig.count("HEAD") == 2);
  CHECK(upload.rig.progress.bytes == upload.size());
}

TEST_CASE("an upload with a transient failure begins anew, with a new session and a new reading") {
  for (const HttpReply& failure :
       {HttpReply{500}, HttpReply{502}, HttpReply{408}, HttpReply{429},
        registry_error_reply(404, "BLOB_UPLOAD_UNKNOWN"), registry_error_reply(400, "BLOB_UPLOAD_INVALID"),
        registry_error_reply(400, "DIGEST_INVALID"), HttpReply{.status = 200, .drop = true}}) {
    CAPTURE(failure.status);
    SingleUpload upload;
    upload.rig.answer_first(2, "PUT", "/uploads/", failure);
    CHECK(upload.run() == BlobOutcome::Written);
    CHECK(upload.arrived());
    CHECK(upload.reads() == 3);
    CHECK(upload.rig.count("POST") == 3);
    CHECK(upload.rig.progress.bytes == upload.size());
  }
}

TEST_CASE("an upload that keeps failing is an error with the count, and its progress is taken back") {
  SingleUpload upload({.retry_count = 2});
  upload.rig.answer_first(100, "PUT", "/uploads/", {500});
  const Error error = error_of([&] { upload.run(); });
  CHECK(error.code() == ErrorCode::Network);
  CHECK(error.message().find("after 3 attempts") != std::string::npos);
  CHECK(upload.rig.progress.bytes == 0);
  CHECK(upload.rig.count("PUT") == 3);
}

TEST_CASE("a refused upload is not repeated") {
  struct Row {
    HttpReply reply;
    ErrorCode code;
  };
  for (const Row& row :
       {Row{{413}, ErrorCode::Refused}, Row{{403}, ErrorCode::Denied}, Row{{401}, ErrorCode::Unauthorized},
        Row{registry_error_reply(400, "NAME_INVALID"), ErrorCode::Refused}}) {
    CAPTURE(row.reply.status);
    for (const char* method : {"POST", "PUT"}) {
      SingleUpload upload;
      upload.rig.answer_first(100, method, "/uploads/", row.reply);
      CHECK(error_of([&] { upload.run(); }).code() == row.code);
      CHECK(upload.rig.count(method) == 1);
    }
  }
  SingleUpload unknown;
  unknown.rig.answer_first(100, "POST", "/uploads/", registry_error_reply(404, "NAME_UNKNOWN"));
  const Error refusal = error_of([&] { unknown.run(); });
  CHECK(refusal.code() == ErrorCode::Refused);  // not NotFound: that would be the blob at its source
  CHECK(refusal.hint_text().find("created first") != std::string::npos);
  CHECK(unknown.rig.count("POST") == 1);
}

TEST_CASE("an upload of a damaged source is not completed and not repeated") {
  class Damaged : public BlobSource {
   public:
    int opened = 0;
    std::unique_ptr<ByteSource> open(const Descriptor&, std::uint64_t, std::stop_token) override {
      ++opened;
      return std::make_unique<StringSource>(std::string(100'000, 'x'));
    }
  };
  SingleUpload upload;
  Damaged damaged;
  const Error error =
      error_of([&] { upload.rig.repository().put_blob(upload.blob, damaged, upload.rig.progress, {}); });
  CHECK(error.code() == ErrorCode::Corrupt);
  CHECK(damaged.opened == 1);
  CHECK_FALSE(upload.arrived());
  CHECK(upload.rig.progress.bytes == 0);
}

TEST_CASE("a registry that stores another digest is detected") {
  SingleUpload upload;
  const Digest other = upload.rig.registry.add_blob("x/y", "other").digest;
  upload.rig.answer_first(1, "PUT", "/uploads/", {201, {{"Docker-Content-Digest", other.text()}}});
  CHECK(error_of([&] { upload.run(); }).code() == ErrorCode::Corrupt);
}

TEST_CASE("the upload location is accepted in every form") {
  struct Row {
    const char* location;
    const char* put;
  };
  for (const Row& row : {Row{"/v2/team/app/u1", "https://reg.example/v2/team/app/u1?"},
                         Row{"u2?_state=x%2By", "https://reg.example/v2/team/app/blobs/uploads/u2?_state=x%2By&"},
                         Row{"https://reg.example:443/u3", "https://reg.example/u3?"},
                         Row{"http://reg.example/u4", "https://reg.example/u4?"},
                         Row{"https://10.1.2.3:8443/u5", "https://10.1.2.3:8443/u5?"}}) {
    CAPTURE(row.location);
    SingleUpload upload({.token = "secret"});
    upload.rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
      if (request.path == "/v2/") return HttpReply{401, {{"WWW-Authenticate", "Bearer realm=\"https://a/\""}}};
      if (request.method == "POST") return HttpReply{202, {{"Location", row.location}}};
      return request.method == "PUT" ? HttpReply{201} : HttpReply{404};
    };
    upload.run();
    const std::string line = upload.rig.transport->lines().back();
    CHECK(line.starts_with("PUT " + std::string(row.put) + "digest=sha256%3A"));
    const bool at_home = line.starts_with("PUT https://reg.example/");
    CHECK(upload.rig.transport->requests().back().headers.find("Authorization").has_value() == at_home);
  }
}

TEST_CASE("an upload does not leave https, and requires a Location") {
  for (const HttpReply& opened : {HttpReply{202, {{"Location", "http://other.example/u"}}},
                                  HttpReply{202, {{"Location", "ftp://reg.example/u"}}}, HttpReply{202}}) {
    SingleUpload upload;
    upload.rig.answer_first(1, "POST", "/uploads/", opened);
    static_cast<void>(error_of([&] { upload.run(); }));
    CHECK(upload.rig.count("PUT") == 0);
  }
}

TEST_CASE("has_blob distinguishes present from absent, and is false for a registry without HEAD") {
  Rig rig;
  const Descriptor blob = rig.registry.add_blob("team/app", "x");
  CHECK(rig.repository().has_blob(blob));
  CHECK_FALSE(rig.repository("other/app").has_blob(blob));
  rig.answer_first(99, "HEAD", "/blobs/", {503});
  CHECK(error_of([&] { static_cast<void>(rig.repository().has_blob(blob)); }).code() == ErrorCode::Network);
  for (const int status : {412, 418, 405}) {
    rig.answer_first(1, "HEAD", "/blobs/", {status});
    CHECK_FALSE(rig.repository().has_blob(blob));
  }
}

TEST_CASE("an upload ends at a stop request") {
  SingleUpload upload;
  std::stop_source stop;
  upload.rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.method == "POST") stop.request_stop();
    return std::nullopt;
  };
  const Error error = error_of(
      [&] { upload.rig.repository().put_blob(upload.blob, upload.from, upload.rig.progress, stop.get_token()); });
  CHECK(error.code() == ErrorCode::Interrupted);
  CHECK(upload.rig.count("PUT") == 0);
}

TEST_CASE("a distrusted blob is uploaded without asking for it") {
  SingleUpload upload;
  CHECK(upload.run() == BlobOutcome::Written);
  upload.rig.repository().distrust(upload.blob.digest);
  CHECK(upload.run() == BlobOutcome::Written);
  CHECK(upload.rig.count("PUT ") == 2);
  CHECK(upload.rig.count("HEAD ") == 1);
  CHECK(upload.run() == BlobOutcome::Existed);
}

TEST_CASE("a failed upload of a distrusted blob is repeated, even if the registry claims to have it") {
  SingleUpload upload;
  upload.rig.registry.add_blob("team/app", std::string(100'000, 'u'));
  upload.rig.repository().distrust(upload.blob.digest);
  upload.rig.answer_first(1, "PUT", "/blobs/uploads/", {503});
  CHECK(upload.run() == BlobOutcome::Written);
  CHECK(upload.rig.count("PUT ") == 2);
  CHECK(upload.rig.count("HEAD ") == 0);
}

TEST_CASE("an upload to a local address is refused") {
  for (const std::string place : {"https://169.254.169.254/x", "https://127.0.0.1:444/x", "https://[fe80::1]/x"}) {
    CAPTURE(place);
    SingleUpload upload;
    upload.rig.answer_first(1, "POST", "/blobs/uploads/", {202, {{"Location", place}}});
    CHECK(error_of([&] { upload.run(); }).code() == ErrorCode::Hostile);
    CHECK(upload.rig.count("PUT ") == 0);
  }
}
