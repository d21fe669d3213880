#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "registry/kept_uploads.hpp"
#include "store/memory_target.hpp"
#include "support/rig.hpp"
#include "support/temp.hpp"

// Uploads that one run begins and another one finishes.

using namespace ociferry;
using namespace ociferry::testing;

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kChunk = 4 * kMiB;
constexpr std::size_t kKeptSize = 17 * kMiB;

/// Bytes that differ from place to place, so that a part at a wrong place changes the digest.
std::string kept_bytes(std::size_t size) {
  static const std::string kBytes = random_bytes(kKeptSize, 5);
  return kBytes.substr(0, size);
}

struct Told : Counted {
  std::vector<std::string> lines;
  void debug(std::string_view line) override { lines.emplace_back(line); }
};

/// A registry that outlives the runs that upload to it.
struct Place {
  TempDirectory state = temp_directory();
  Rig rig{};
  MemoryTarget from;
  Descriptor blob = from.add_blob(kept_bytes(kKeptSize), "application/octet-stream");
  Told progress;
  std::stop_source stop;
  Environment environment{{"XDG_STATE_HOME", state.path().string()}};
  RegistryOptions options;

  Place() {
    options.upload_chunk_size = kChunk;
    options.retry_count = 1;
  }
  BlobOutcome run() {
    rig.transport = std::make_shared<FakeTransport>(rig.registry.handler());  // which counts this run's requests
    RegistryClient client(options, rig.transport, progress, stop.get_token(), environment, rig.clock);
    progress.bytes = 0;
    return client.repository({"reg.example", "team/app"})->put_blob(blob, from, progress, {});
  }
  /// A run whose link breaks for good in the chunk of this number, of which the registry has taken `taken` bytes.
  void broken_run(int chunk = 3, std::size_t taken = 0) {
    const std::size_t begin = static_cast<std::size_t>(chunk - 1) * kChunk;
    rig.registry.intercept = [this, taken, begin, left = chunk](const HttpRequest& request) mutable {
      const std::optional<HttpReply> pass;
      if (request.method == "PATCH" && left > 0) --left;
      if (left > 0) return pass;
      if (const std::size_t size = std::exchange(taken, 0); size > 0) {
        HttpRequest part = request;
        part.body.resize(size);
        part.headers.set("Content-Range", text::cat(begin, "-", begin + size - 1));
        left = 2;  // this one comes by here, too
        static_cast<void>(rig.registry(part));
        left = 0;
      }
      return std::optional(HttpReply{.drop = true});
    };
    CHECK(error_of([&] { run(); }).code() == ErrorCode::Network);
    rig.registry.intercept = nullptr;
  }
  void finishes(std::size_t bytes) {
    CHECK(run() == BlobOutcome::Written);
    CHECK(rig.registry.has_blob("team/app", blob.digest));
    CHECK(sent() == bytes);
    CHECK(progress.bytes == static_cast<std::int64_t>(kKeptSize));
    CHECK(notes().empty());
  }
  /// How many bytes of bodies the last run sent.
  [[nodiscard]] std::size_t sent() const {
    std::size_t bytes = 0;
    for (const auto& request : rig.transport->requests()) bytes += request.body.size();
    return bytes;
  }
  [[nodiscard]] fs::path directory() const { return state.path() / "ociferry" / "uploads"; }
  [[nodiscard]] std::vector<fs::path> notes() const {
    std::vector<fs::path> all;
    if (!fs::exists(directory())) return all;
    for (const auto& entry : fs::directory_iterator(directory())) all.push_back(entry.path());
    return all;
  }
  /// What notes say is changed.
  void rewrite_note(const std::string& from_text, const std::string& to_text) {
    for (const fs::path& path : notes()) {
      std::string text = read_text(path);
      const auto at = text.find(from_text);
      if (at != std::string::npos) write_text(path, text.replace(at, from_text.size(), to_text));
    }
  }
};

}  // namespace

TEST_CASE("a run continues with the upload that an earlier one did not finish, at the byte where it stopped") {
  Place place;
  place.broken_run();
  CHECK(place.notes().size() == 1);
  place.finishes(kKeptSize - 2 * kChunk);
  CHECK(place.rig.count("POST") == 0);

  Place within;
  within.broken_run(3, kMiB + 7);
  within.finishes(kKeptSize - 2 * kChunk - kMiB - 7);
}

TEST_CASE("a large upload that broke off finally is continued by the next run, if the registry kept it") {
  for (const bool keeps : {true, false}) {
    CAPTURE(keeps);
    Place place;
    place.options.upload_chunk_size = 0;
    place.rig.registry.intercept = [&](const HttpRequest& request) -> std::optional<HttpReply> {
      if (request.method != "PUT") return std::nullopt;
      HttpRequest part = request;
      part.method = "PATCH";
      part.body.resize(10 * kMiB);
      part.headers.set("Content-Range", text::cat("0-", part.body.size() - 1));
      if (keeps) static_cast<void>(place.rig.registry(part));
      return HttpReply{.drop = true};
    };
    CHECK(error_of([&] { place.run(); }).code() == ErrorCode::Network);
    place.rig.registry.intercept = nullptr;
    place.finishes(keeps ? 7 * kMiB : kKeptSize);
  }
}

TEST_CASE("an upload's record is readable by its owner only, and has no credentials") {
  Place place;
  place.broken_run();
  REQUIRE(place.notes().size() == 1);
  struct stat status {};
  REQUIRE(::stat(place.notes().front().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600);
  REQUIRE(::stat(place.directory().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0700);
  CHECK(text::trim(read_text(place.notes().front())) ==
        text::cat(R"({"repository":"reg.example/team/app","blob":")", place.blob.digest.text(),
                  R"(","session":"/v2/team/app/blobs/uploads/session-1?_state=a%2Bb"})"));
}

TEST_CASE("an upload whose session is gone or unknown begins anew") {
  for (const HttpReply& answer :
       {registry_error_reply(404, "BLOB_UPLOAD_UNKNOWN"), HttpReply{204}, HttpReply{204, {{"Range", "0-99999999"}}}}) {
    CAPTURE(answer.status);
    Place place;
    place.broken_run();
    place.rig.registry.intercept = [&](const HttpRequest& request) {
      const bool asks = request.method == "GET" && request.path.find("session") != std::string::npos;
      return asks ? std::optional(answer) : std::nullopt;
    };
    place.finishes(kKeptSize);
    CHECK(place.rig.count("POST") == 1);
  }
}

TEST_CASE("a wrong offset from the registry costs a second upload, but never a wrong blob") {
  for (const std::size_t told : {kKeptSize, 3 * kChunk}) {
    for (const bool strict : {true, false}) {
      CAPTURE(told);
      Place place;
      place.broken_run();
      place.rig.registry.intercept = [&, told, strict](const HttpRequest& request) -> std::optional<HttpReply> {
        if (request.path.find("session-1") == std::string::npos) return std::nullopt;
        if (request.method == "GET") return HttpReply{204, {{"Range", text::cat("0-", told - 1)}}};
        if (request.method == "PATCH") return strict ? std::nullopt : std::optional(HttpReply{202});
        return HttpReply{400};  // and no word why
      };
      CHECK(place.run() == BlobOutcome::Written);
      CHECK(place.rig.registry.has_blob("team/app", place.blob.digest));
      CHECK(place.sent() >= kKeptSize);
      CHECK(place.notes().empty());
    }
  }
}

TEST_CASE("the session of another blob, or a damaged record, is ignored") {
  Place place;
  const Descriptor whole = place.blob;
  place.blob = place.from.add_blob(std::string(kKeptSize, 'o'), "application/octet-stream");
  place.broken_run();
  const std::string other = read_text(place.notes().front());
  place.blob = whole;
  place.broken_run();
  place.rewrite_note("session-2", "session-1");
  CHECK(place.run() == BlobOutcome::Written);
  CHECK(place.rig.registry.has_blob("team/app", whole.digest));

  for (const std::string& text : {other, std::string("{\"repository\":\"reg"), std::string(9000, ' ')}) {
    Place spoiled;
    spoiled.broken_run();
    write_text(spoiled.notes().front(), text);
    spoiled.finishes(kKeptSize);
  }
  for (const std::string& target : {std::string("//elsewhere.example/x"), std::string("@elsewhere.example/x")}) {
    Place led;
    led.broken_run();
    led.rewrite_note("/v2/team/app/blobs/uploads/session-1?_state=a%2Bb", target);
    led.finishes(kKeptSize);
    CHECK(led.rig.count("GET https://elsewhere") == 0);
  }
}

TEST_CASE("uploads at another server, of small blobs, without a directory or as imgpkg are not recorded") {
  Place elsewhere;
  elsewhere.rig.registry.intercept = [](const HttpRequest& request) -> std::optional<HttpReply> {
    if (request.method == "POST") return HttpReply{202, {{"Location", "https://storage.example/up?signature=s3cret"}}};
    return request.path == "/up" ? std::optional(HttpReply{.drop = true}) : std::nullopt;
  };
  static_cast<void>(error_of([&] { elsewhere.run(); }));
  CHECK(elsewhere.notes().empty());

  Place small;
  small.blob = small.from.add_blob(kept_bytes(KeptUploads::kLeastBytes - 1), "x");
  small.broken_run();
  CHECK(small.notes().empty());

  Place homeless;
  homeless.environment = {};
  homeless.broken_run();

  Place as_imgpkg;
  as_imgpkg.options.as_imgpkg = true;
  as_imgpkg.broken_run();
  CHECK(as_imgpkg.notes().empty());

  CHECK(kept_uploads_directory({{"HOME", "/me"}}) == "/me/.local/state/ociferry/uploads");
  CHECK(kept_uploads_directory({{"HOME", "/me"}, {"XDG_STATE_HOME", "/state"}}) == "/state/ociferry/uploads");
  CHECK(kept_uploads_directory({{"HOME", "/me"}, {"XDG_STATE_HOME", "not/absolute"}}) ==
        "/me/.local/state/ociferry/uploads");
  CHECK(kept_uploads_directory({}).empty());
}

TEST_CASE("an unwritable directory for records is one line of --debug") {
  Place place;
  write_text(place.state.path() / "ociferry", "a file");
  CHECK(place.run() == BlobOutcome::Written);
  CHECK(std::ranges::count_if(place.progress.lines, [](const std::string& line) {
          return line.find("begins") != std::string::npos && line.find("ociferry/uploads") != std::string::npos;
        }) == 1);
}

TEST_CASE("an upload that another process has in progress gets a session of its own, without a record") {
  Place place;
  place.broken_run();
  const KeptUploads others(place.directory(), place.progress);
  const auto held = others.open({"reg.example", "team/app"}, place.blob.digest);
  REQUIRE(held);
  CHECK(place.run() == BlobOutcome::Written);
  CHECK(place.sent() == kKeptSize);
  CHECK(place.notes().size() == 1);  // the other one's
  CHECK(held->earlier()->find("session-1") != std::string::npos);
}

TEST_CASE("old records are removed, and their number is limited") {
  Place place;
  const KeptUploads uploads(place.directory(), place.progress);
  const auto note_of = [&](std::size_t i) {
    return uploads.open({"reg.example", "team/app"},
                        Digest::parse(text::cat("sha256:", std::string(60, 'a'), 1000 + i)));
  };
  for (std::size_t i = 0; i < KeptUploads::kMost; ++i) REQUIRE(note_of(i));
  CHECK_FALSE(note_of(KeptUploads::kMost));
  CHECK(place.notes().size() == KeptUploads::kMost);
  CHECK(note_of(0));  // what is there may be used
  for (const fs::path& path : place.notes()) {
    fs::last_write_time(path, fs::file_time_type::clock::now() - KeptUploads::kLongest - std::chrono::hours(1));
  }
  CHECK(note_of(KeptUploads::kMost));
  CHECK(place.notes().size() == 1);
}

TEST_CASE("an interrupted upload is kept if the registry holds a part of it, else cancelled") {
  for (const bool tells : {true, false}) {
    CAPTURE(tells);
    Place place;
    place.rig.registry.intercept = [&, n = 0](const HttpRequest& request) mutable -> std::optional<HttpReply> {
      if (request.method == "PATCH" && ++n == 3) place.stop.request_stop();
      if (request.method == "GET" && request.path.find("session") != std::string::npos && !tells) return HttpReply{404};
      return std::nullopt;
    };
    CHECK(error_of([&] { place.run(); }).code() == ErrorCode::Interrupted);
    CHECK(place.rig.count("DELETE") == (tells ? 0 : 1));
    CHECK(place.notes().size() == (tells ? 1 : 0));
    place.rig.registry.intercept = nullptr;
    place.stop = {};
    place.finishes(tells ? kKeptSize - 3 * kChunk : kKeptSize);
  }
}
