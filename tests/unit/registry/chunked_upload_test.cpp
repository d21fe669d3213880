#include <doctest/doctest.h>

#include <algorithm>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "registry/chunk_record.hpp"
#include "store/memory_target.hpp"
#include "stream/memory.hpp"
#include "support/rig.hpp"
#include "support/sanitized.hpp"

// Blobs that a registry, or a proxy in front of it, does not take in one request.

using namespace ociferry;
using testing::error_of;
using testing::HttpReply;
using testing::HttpRequest;
using testing::registry_error_reply;
using testing::Rig;

namespace {

constexpr std::size_t kChunkedSize = 3 * 1024 * 1024 + 5;

/// Bytes that differ from place to place, so that a chunk at a wrong place changes the digest.
std::string chunked_bytes(std::size_t size) {
  std::string bytes(size, ' ');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>((i * 31 + i / 4099) & 0xFF);
  return bytes;
}

RegistryOptions in_chunks(std::uint64_t size) {
  RegistryOptions options;
  options.upload_chunk_size = size;
  return options;
}

struct ChunkedUpload {
  using Rule = std::function<std::optional<HttpReply>(const HttpRequest&)>;

  Rig rig;
  MemoryTarget from;
  Descriptor blob = from.add_blob(chunked_bytes(kChunkedSize), "application/octet-stream");

  explicit ChunkedUpload(RegistryOptions options = {}) : rig(std::move(options)) {}
  BlobOutcome run(std::stop_token stop = {}) {
    return rig.repository().put_blob(blob, from, rig.progress, std::move(stop));
  }
  /// What becomes of each request with a body, the first being number 1.
  void on_body(std::function<std::optional<HttpReply>(int, const HttpRequest&)> rule) {
    rig.registry.intercept = [rule = std::move(rule), n = 0](const HttpRequest& request) mutable {
      return request.body.empty() ? std::nullopt : rule(++n, request);
    };
  }
  /// A proxy that takes no larger bodies.
  void cap(std::size_t bytes, HttpReply refusal = {413}) {
    on_body([=](int, const HttpRequest& request) {
      return request.body.size() > bytes ? std::optional(refusal) : std::nullopt;
    });
  }
  /// The sizes of the bodies that went out, in order.
  [[nodiscard]] std::vector<std::size_t> sizes() const {
    std::vector<std::size_t> all;
    for (const auto& request : rig.transport->requests()) {
      if (!request.body.empty()) all.push_back(request.body.size());
    }
    return all;
  }
  void check_arrived() const {
    CHECK(rig.registry.has_blob("team/app", blob.digest));
    CHECK(rig.progress.bytes == static_cast<std::int64_t>(kChunkedSize));
  }
  [[nodiscard]] std::size_t reads() const { return from.operations().size(); }
};

using Sizes = std::vector<std::size_t>;

}  // namespace

TEST_CASE("a body that is too large is sent in chunks, halved until they fit; the next blob begins with that size") {
  ChunkedUpload upload;
  upload.cap(kMiB);
  CHECK(upload.run() == BlobOutcome::Written);
  upload.check_arrived();
  CHECK(upload.sizes() == Sizes{kChunkedSize, 2 * kMiB, kMiB, kMiB, kMiB, 5});
  const Descriptor next = upload.from.add_blob(chunked_bytes(kMiB + 1), "x");
  static_cast<void>(upload.rig.repository("other/app").put_blob(next, upload.from, upload.rig.progress, {}));
  CHECK(upload.rig.registry.has_blob("other/app", next.digest));
  CHECK(upload.sizes().size() == 8);
  const Descriptor small = upload.from.add_blob(chunked_bytes(kMiB), "x");
  static_cast<void>(upload.rig.repository().put_blob(small, upload.from, upload.rig.progress, {}));
  CHECK(upload.sizes().size() == 9);  // in one request
}

TEST_CASE("a limit below the smallest chunk is an error with the next step") {
  ChunkedUpload upload;
  upload.cap(1000);
  const Error error = error_of([&] { upload.run(); });
  CHECK(error.code() == ErrorCode::Refused);
  CHECK(error.hint_text().find("client_max_body_size") != std::string::npos);
  CHECK(upload.sizes() == Sizes{kChunkedSize, 2 * kMiB, kMiB, kMiB / 2, kMiB / 4});
  CHECK(upload.rig.progress.bytes == 0);
}

TEST_CASE("chunks of the user's size are used from the beginning") {
  ChunkedUpload upload(in_chunks(2 * kMiB));
  CHECK(upload.run() == BlobOutcome::Written);
  upload.check_arrived();
  CHECK(upload.sizes() == Sizes{2 * kMiB, kChunkedSize - 2 * kMiB});
  CHECK(upload.reads() == 1);
  const auto requests = upload.rig.transport->requests();
  CHECK(requests[3].headers.find("Content-Range") == "0-2097151");
  CHECK(requests[4].headers.find("Content-Range") == "2097152-3145732");
  CHECK(requests[5].method == "PUT");
}

TEST_CASE("an interrupted upload in chunks continues with what the registry does not have") {
  for (const bool stored : {false, true}) {
    CAPTURE(stored);
    ChunkedUpload upload(in_chunks(kMiB));
    upload.rig.registry.intercept = [&, n = 0](const HttpRequest& request) mutable -> std::optional<HttpReply> {
      if (request.method != "PATCH" || ++n != 2) return std::nullopt;
      if (stored) static_cast<void>(upload.rig.registry(request));  // number 3: it is taken, but the answer is lost
      return HttpReply{.status = 200, .drop = true};
    };
    CHECK(upload.run() == BlobOutcome::Written);
    upload.check_arrived();
    const Sizes whole{kMiB, kMiB, kMiB, kMiB, 5};
    CHECK(upload.sizes() == (stored ? Sizes{kMiB, kMiB, kMiB, 5} : whole));
    CHECK(upload.rig.count("POST") == 1);
    CHECK(upload.reads() == (stored ? 1 : 2));
  }
}

TEST_CASE("accepted chunks count as progress and reset the number of failures") {
  RegistryOptions options = in_chunks(512 * 1024);
  options.retry_count = 1;
  ChunkedUpload upload(options);
  upload.on_body([](int n, const HttpRequest&) { return n % 2 == 0 ? std::optional(HttpReply{502}) : std::nullopt; });
  CHECK(upload.run() == BlobOutcome::Written);
  upload.check_arrived();
  CHECK(upload.rig.count("POST") == 1);
}

TEST_CASE("an upload whose session is gone begins anew") {
  ChunkedUpload upload(in_chunks(kMiB));
  upload.on_body([&](int n, const HttpRequest& request) -> std::optional<HttpReply> {
    if (n != 3) return std::nullopt;
    HttpRequest cancel = request;
    cancel.method = "DELETE";
    cancel.body.clear();
    static_cast<void>(upload.rig.registry(cancel));
    return HttpReply{.status = 200, .drop = true};
  });
  CHECK(upload.run() == BlobOutcome::Written);
  upload.check_arrived();
  CHECK(upload.rig.count("POST") == 2);
}

TEST_CASE("a 416 leads to smaller chunks, or to the offset that the registry reports") {
  ChunkedUpload ghcr(in_chunks(2 * kMiB));
  ghcr.cap(kMiB, {416});
  CHECK(ghcr.run() == BlobOutcome::Written);
  ghcr.check_arrived();
  CHECK(ghcr.sizes() == Sizes{2 * kMiB, kMiB, kMiB, kMiB, 5});
  CHECK(ghcr.rig.count("POST") == 1);

  ChunkedUpload behind(in_chunks(kMiB));
  behind.on_body([&](int n, const HttpRequest& request) -> std::optional<HttpReply> {
    if (n != 2) return std::nullopt;
    // It says that it took the chunk, but keeps half of it.
    HttpRequest half = request;
    half.body.resize(kMiB / 2);
    half.headers.set("Content-Range", text::cat(kMiB, "-", kMiB + kMiB / 2 - 1));
    return behind.rig.registry(half);
  });
  CHECK(behind.run() == BlobOutcome::Written);
  behind.check_arrived();
  CHECK(behind.sizes() == Sizes{kMiB, kMiB, kMiB, kMiB, kMiB / 2 + 5});
  CHECK(behind.rig.count("POST") == 1);
}

TEST_CASE("the Range of an accepted chunk is ignored") {
  for (const std::string range : {"0-0", "0--1", "0-99999999", "junk", ""}) {
    for (const int status : {201, 202, 204}) {
      CAPTURE(range);
      ChunkedUpload upload(in_chunks(kMiB));
      bool asked = false;
      upload.on_body([&](int, const HttpRequest& request) -> std::optional<HttpReply> {
        if (request.method != "PATCH" || std::exchange(asked, !asked)) return std::nullopt;
        HttpReply reply = upload.rig.registry(request);  // comes by here again
        reply.status = status;
        reply.headers.set("Range", range);
        return reply;
      });
      CHECK(upload.run() == BlobOutcome::Written);
      upload.check_arrived();
      CHECK(upload.sizes() == Sizes{kMiB, kMiB, kMiB, 5});
    }
  }
}

TEST_CASE("the offset after a break is used only if it is possible") {
  for (const std::string range : {"0-99999999", "0--1", "bytes", "5-9", ""}) {
    CAPTURE(range);
    ChunkedUpload upload(in_chunks(kMiB));
    upload.rig.registry.intercept = [&, n = 0](const HttpRequest& request) mutable -> std::optional<HttpReply> {
      if (request.method == "GET" && request.path.find("session") != std::string::npos) {
        return HttpReply{204, {{"Range", range}}};
      }
      if (request.method != "PATCH" || ++n != 2) return std::nullopt;
      return HttpReply{.status = 200, .drop = true};
    };
    CHECK(upload.run() == BlobOutcome::Written);
    upload.check_arrived();
    CHECK(upload.rig.count("POST") == 2);  // begun anew
  }
}

TEST_CASE("a registry without chunks gets the whole blob, and its refusal is reported") {
  for (const int status : {405, 501}) {
    CAPTURE(status);
    ChunkedUpload upload(in_chunks(kMiB));
    upload.on_body([&](int, const HttpRequest& request) -> std::optional<HttpReply> {
      return request.method == "PATCH" ? std::optional(HttpReply{status}) : std::nullopt;
    });
    CHECK(upload.run() == BlobOutcome::Written);
    upload.check_arrived();
    CHECK(upload.sizes() == Sizes{kMiB, kChunkedSize});
  }
  ChunkedUpload capped;
  capped.on_body([&](int, const HttpRequest& request) -> std::optional<HttpReply> {
    return HttpReply{request.method == "PATCH" ? 405 : 413};
  });
  const Error error = error_of([&] { capped.run(); });
  CHECK(error.code() == ErrorCode::Refused);
  CHECK(error.hint_text().find("client_max_body_size") != std::string::npos);
}

TEST_CASE("a registry may request larger chunks, up to a limit") {
  ChunkedUpload upload(in_chunks(512 * 1024));
  upload.rig.registry.intercept = [](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.method != "POST") return std::nullopt;
    return HttpReply{202,
                     {{"Location", "/v2/team/app/blobs/uploads/s?_state=a%2Bb"}, {"OCI-Chunk-Min-Length", "2097152"}}};
  };
  static_cast<void>(error_of([&] { upload.run(); }));  // no such session: what was sent is looked at
  CHECK(upload.sizes().front() == 2 * kMiB);
}

TEST_CASE("a large upload in one request that broke off continues in chunks") {
  std::vector<HttpReply> failures{{.status = 200, .drop = true}};
  if (!testing::kSanitized) failures.insert(failures.end(), {HttpReply{408}, HttpReply{504}});  // each moves 128 MiB
  for (const HttpReply& failure : failures) {
    CAPTURE(failure.status);
    ChunkedUpload upload;
    const Descriptor large = upload.from.add_blob(std::string(ChunkRecord::kChunkBytes + 1, 'l'), "x");
    upload.on_body([&](int n, const HttpRequest&) { return n == 1 ? std::optional(failure) : std::nullopt; });
    static_cast<void>(upload.rig.repository().put_blob(large, upload.from, upload.rig.progress, {}));
    CHECK(upload.rig.registry.has_blob("team/app", large.digest));
    CHECK(upload.sizes() == Sizes{large.size, ChunkRecord::kChunkBytes, 1});
    CHECK(upload.rig.progress.bytes == static_cast<std::int64_t>(large.size));
    // That says nothing about other blobs.
    CHECK(upload.run() == BlobOutcome::Written);
    CHECK(upload.sizes().back() == kChunkedSize);
  }
}

TEST_CASE("an upload in chunks of a damaged source is never completed") {
  struct Damaged : BlobSource {
    std::unique_ptr<ByteSource> open(const Descriptor&, std::uint64_t, std::stop_token) override {
      return std::make_unique<StringSource>(std::string(kChunkedSize, 'x'));
    }
  } damaged;
  ChunkedUpload upload(in_chunks(kMiB));
  const Error error = error_of(
      [&] { static_cast<void>(upload.rig.repository().put_blob(upload.blob, damaged, upload.rig.progress, {})); });
  CHECK(error.code() == ErrorCode::Corrupt);
  CHECK(upload.rig.count("PUT") == 0);
  CHECK(upload.rig.progress.bytes == 0);
}

TEST_CASE("an upload in chunks that is interrupted is cancelled at its present location") {
  ChunkedUpload upload(in_chunks(kMiB));
  std::stop_source stop;
  upload.on_body([&](int n, const HttpRequest&) -> std::optional<HttpReply> {
    if (n == 2) stop.request_stop();
    return std::nullopt;
  });
  CHECK(error_of([&] { upload.run(stop.get_token()); }).code() == ErrorCode::Interrupted);
  CHECK(upload.rig.transport->lines().back().starts_with(
      "DELETE https://reg.example/v2/team/app/blobs/uploads/session-1"));
}

TEST_CASE("the limits of bodies are powers of two below what was refused") {
  ChunkRecord record(0);
  CHECK_FALSE(record.limit());
  CHECK(record.lower(10'000'000'000));
  CHECK(record.limit() == ChunkRecord::kChunkBytes);
  CHECK(record.lower(ChunkRecord::kChunkBytes));
  CHECK(record.limit() == ChunkRecord::kChunkBytes / 2);
  CHECK(record.lower(ChunkRecord::kChunkBytes));  // somebody else was refused the same at the same time
  CHECK(record.limit() == ChunkRecord::kChunkBytes / 2);
  CHECK(record.lower(ChunkRecord::kSmallestBytes + 1));
  CHECK(record.limit() == ChunkRecord::kSmallestBytes);
  CHECK_FALSE(record.lower(ChunkRecord::kSmallestBytes));
  record.refuse();
  CHECK_FALSE(record.lower(1'000'000'000));
  CHECK(ChunkRecord(1000).limit() == 1000);
}
