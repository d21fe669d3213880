// A registry that answers at random, until it comes to its senses: every operation ends, with success that is one, or
// with an error that is not our own; and no request goes where it must not.

#include <array>
#include <memory>
#include <string>

#include "base/text.hpp"
#include "fuzz.hpp"
#include "ociferry/error.hpp"
#include "registry/registry_client.hpp"
#include "store/memory_target.hpp"
#include "stream/memory.hpp"
#include "stream/sha256.hpp"
#include "stream/verify.hpp"
#include "support/fake_clock.hpp"
#include "support/fake_registry.hpp"
#include "support/fake_transport.hpp"

using namespace ociferry;
using testing::FuzzBytes;
using testing::HttpReply;
using testing::HttpRequest;
using testing::require;

namespace {

constexpr std::array<int, 24> kStatuses{200, 201, 202, 204, 206, 301, 302, 303, 307, 308, 400, 401,
                                        403, 404, 405, 413, 416, 429, 499, 500, 501, 502, 503, 504};
constexpr std::array<std::string_view, 10> kPlaces{"/v2/team/app/blobs/uploads/session-1?_state=a%2Bb",
                                                   "https://storage.example/x?signature=1",
                                                   "http://reg.example/v2/team/app/blobs/uploads/9",
                                                   "https://127.0.0.1/x",
                                                   "https://169.254.169.254/latest",
                                                   "https://[fe80::1]/x",
                                                   "//reg.example:444/y",
                                                   "?only=query",
                                                   "https://user:pass@reg.example/",
                                                   ""};
constexpr std::array<std::string_view, 6> kPauses{"0", "1", "100000", "Fri, 31 Dec 9999 23:59:59 GMT", "-1", "soon"};
constexpr std::array<std::string_view, 6> kChallenges{
    R"(Bearer realm="https://auth.example/token",service="reg",scope="repository:team/app:pull,push")",
    R"(Bearer realm="http://reg.example/token")",
    R"(Bearer realm="https://169.254.169.254/token")",
    R"(Bearer realm="https://127.0.0.1/token")",
    R"(Basic realm="x")",
    "Negotiate"};
constexpr std::array<std::string_view, 6> kRanges{"bytes 0-99/300",   "bytes 100-299/300", "bytes 100-299/*",
                                                  "bytes 100-99/300", "bytes 50-299/300",  "x"};
/// What a session says that it holds.
constexpr std::array<std::string_view, kRanges.size()> kHeld{"0-0",    "0-63", "0-299",
                                                             "0-9999", "0--1", "0-99999999999999999999"};
constexpr std::uint64_t kChunk = 64;

template <std::size_t Size>
std::string pick(const std::array<std::string_view, Size>& from, FuzzBytes& input) {
  return std::string(from[input.next() % Size]);
}

struct Content {
  MemoryTarget source;
  std::string bytes = std::string(100, 'a') + std::string(200, 'b');
  Descriptor blob = source.add_blob(bytes, "application/octet-stream");
  std::string manifest_bytes =
      text::cat(R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)",
                R"("config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":")", blob.digest.text(),
                R"(","size":300},"layers":[]})");
  RawManifest manifest{{std::string(media_type::kOciManifest), sha256(manifest_bytes), manifest_bytes.size()},
                       manifest_bytes};
};

/// Answers from the fuzzer's bytes while there are any, then as a good registry does.
class Moody {
 public:
  Moody(FuzzBytes input, const Content& content) : input_(input), content_(content) {
    good_.add_blob("team/app", content.bytes);
  }

  HttpReply operator()(const HttpRequest& request) {
    ++asked;
    HttpReply reply = input_.empty() ? good_(request) : random_reply(request);
    const bool whole = !reply.break_after || request.method == "HEAD";
    const bool success = reply.status >= 200 && reply.status < 300 && !reply.drop && whole;
    const bool whole_blob = request.body == content_.bytes || request.body.empty();  // what came before was in chunks
    took_blob = took_blob || (success && request.method == "PUT" && whole_blob);
    said_there = said_there || (success && (request.method == "HEAD" || request.method == "POST"));
    return reply;
  }
  std::size_t asked = 0;
  bool took_blob = false;   ///< a PUT of the whole blob, or of its end, was answered with a success
  bool said_there = false;  ///< a question was

 private:
  HttpReply random_reply(const HttpRequest& request) {
    const std::uint8_t how = input_.next();
    if (how == 255) return good_(request);
    HttpReply reply{kStatuses[how % kStatuses.size()]};
    const std::uint8_t what = input_.next();
    if ((what & 1U) != 0U) reply.headers.set("Location", pick(kPlaces, input_));
    if ((what & 2U) != 0U) reply.headers.set("Retry-After", pick(kPauses, input_));
    if ((what & 4U) != 0U) reply.headers.set("WWW-Authenticate", pick(kChallenges, input_));
    if ((what & 8U) != 0U) {
      const std::size_t which = input_.next() % kRanges.size();
      reply.headers.set("Content-Range", std::string(kRanges[which]));
      reply.headers.set("Range", std::string(kHeld[which]));
    }
    if ((what & 16U) != 0U) reply.headers.set("Docker-Content-Digest", content_.manifest.descriptor.digest.text());
    if ((what & 32U) != 0U) reply.headers.set("Link", text::cat("<", pick(kPlaces, input_), ">; rel=\"next\""));
    if ((what & 64U) != 0U) reply.headers.set("Content-Type", std::string(media_type::kOciManifest));
    reply.body = body(request);
    if ((what & 128U) != 0U) reply.break_after = input_.next();
    return reply;
  }

  std::string body(const HttpRequest&) {
    switch (input_.next() % 10) {
      case 0: return content_.bytes;
      case 1: return content_.bytes.substr(100);
      case 2: return content_.bytes.substr(0, 100);
      case 3: return content_.bytes + "more";
      case 4: return content_.manifest_bytes;
      case 5: return R"({"name":"team/app","tags":["a","b"]})";
      case 6: return R"({"token":"secret-token","expires_in":60})";
      case 7: return testing::registry_error_reply(400, "BLOB_UPLOAD_UNKNOWN", "x").body;
      case 8: return std::string(input_.take(input_.next()));
      default: return "";
    }
  }

  FuzzBytes input_;
  const Content& content_;
  testing::FakeRegistry good_;
};

void upload(Repository& repository, Content& content, Moody& registry) {
  switch (repository.put_blob(content.blob, content.source, silent_progress(), {})) {
    case BlobOutcome::Written:
      return require(registry.took_blob || registry.said_there, "what is written was accepted");
    case BlobOutcome::Existed:
    case BlobOutcome::Mounted: return require(registry.said_there, "what is there was said to be there");
  }
}

void download(Repository& repository, const Content& content) {
  StringSink sink(content.blob.size);
  VerifyingSink verified(sink, content.blob, "the registry");
  repository.fetch(content.blob, verified, {});
  verified.finish();
  require(sink.content == content.bytes, "what was read is the blob");
}

void read_manifest(Repository& repository, const Content& content) {
  const auto found = repository.manifest(content.manifest.descriptor.digest.text());
  require(!found || found->bytes == content.manifest_bytes, "a manifest by digest is that manifest");
  const auto tagged = repository.manifest("v1");
  require(!tagged || sha256(tagged->bytes) == tagged->descriptor.digest, "a manifest has its own digest");
}

void run(std::uint8_t what, Repository& repository, Content& content, Moody& registry) {
  switch (what % 5) {
    case 0: return upload(repository, content, registry);
    case 1: return download(repository, content);
    case 2: return read_manifest(repository, content);
    case 3: return repository.put_manifest(content.manifest, "v1");
    default:
      for (const std::string& tag : repository.list_tags()) require(is_valid_tag(tag), "a listed tag is one");
      static_cast<void>(repository.referrers(content.manifest.descriptor.digest));
  }
}

void check_requests(const testing::FakeTransport& transport) {
  for (const std::string& line : transport.lines()) {
    require(line.find(" https://") != std::string::npos, "nothing goes unencrypted");
    for (const std::string_view inner : {"//127.", "//169.254.", "//[fe80"}) {
      require(line.find(inner) == std::string::npos, "no request goes to this machine or this link");
    }
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzBytes input(testing::fuzz_text(data, size));
  const std::uint8_t what = input.next();
  Content content;
  Moody registry(input, content);
  testing::FakeClock clock;
  const auto transport =
      std::make_shared<testing::FakeTransport>([&](const HttpRequest& request) { return registry(request); });
  const RegistryOptions options{
      .username = "user", .password = "password", .upload_chunk_size = (what & 128U) != 0U ? kChunk : 0};
  RegistryClient client(options, transport, silent_progress(), {}, {}, clock);
  const auto repository = client.repository({"reg.example", "team/app"});
  try {
    run(what, *repository, content, registry);
  } catch (const Error& error) {
    require(error.code() != ErrorCode::Internal && error.code() != ErrorCode::Interrupted, "it is not our own mistake");
    require(!error.message().empty(), "an error says what happened");
    const std::string told = std::string(error.what()) + error.hint_text();
    require(told.find("secret-token") == std::string::npos, "no token is shown");
  }
  check_requests(*transport);
  require(registry.asked < 4 * size + 100, "a registry is not asked without end");
  return 0;
}
