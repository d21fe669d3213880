// The right to push, and the limits of uploads, in one upload that is never completed.

#include <algorithm>
#include <chrono>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "ferry/probe/trials.hpp"
#include "registry/chunk_record.hpp"
#include "registry/chunked_upload.hpp"
#include "registry/registry_error.hpp"
#include "registry/upload_location.hpp"
#include "stream/sha256.hpp"

namespace ociferry::trials {

namespace {

constexpr Capability kPush{"push", "push"};
constexpr Capability kChunks{"chunkedUploads", "uploads in chunks"};
constexpr Capability kBodies{"largeBodies", "large requests"};
constexpr std::uint64_t kFirstChunk = kKiB;
constexpr std::uint64_t kUsualLargest = 32 * kMiB;
/// Over a slow link, no larger body is tried after one that took so long.
constexpr std::chrono::seconds kSlow{5};

/// So many zeros.
class Zeros : public ByteSource {
 public:
  explicit Zeros(std::uint64_t size) : left_(size) {}
  std::size_t read(MutableBytes buffer) override {
    const auto got = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer.size()));
    std::fill_n(buffer.begin(), got, std::byte{0});
    left_ -= got;
    return got;
  }

 private:
  std::uint64_t left_;
};

RequestBody zeros(std::uint64_t size) {
  return {size, [size] { return std::make_unique<Zeros>(size); }};
}

/// "8 MiB", "256 KiB"
std::string size_words(std::uint64_t bytes) {
  if (bytes % kMiB == 0) return text::cat(bytes / kMiB, " MiB");
  return bytes % kKiB == 0 ? text::cat(bytes / kKiB, " KiB") : text::cat(bytes, " bytes");
}

/// An upload that is opened, filled and cancelled.
class Upload {
 public:
  explicit Upload(Probing& probing) : probing_(probing) {}

  /// The response to POST; the upload is open if it is 202.
  Answer open() {
    Answer answer = probing_.ask("POST", "blobs/uploads/");
    if (answer.status != 202) return answer;
    place_ = upload_location("POST", answer);
    trace_ = probing_.traces().add(Traces::Kind::Upload, "an unfinished upload", *place_, probing_.scope());
    offset_ = 0;
    return answer;
  }

  /// Sends one PATCH with this number of zeros, once. Throws TransportError.
  Answer patch(std::uint64_t size) {
    Request request{"PATCH", *place_};
    request.headers.set("Content-Type", "application/octet-stream");
    request.headers.set("Content-Range", text::cat(offset_, "-", offset_ + size - 1));
    request.body = zeros(size);
    request.extra_response_time = time_to_store(size);
    Answer answer = probing_.connection().send(std::move(request), probing_.scope(), probing_.context().stop);
    if (!is_success(answer.status)) return answer;
    offset_ += size;
    if (answer.headers.find("Location")) {
      place_ = upload_location("PATCH", answer);
      probing_.traces().move(trace_, *place_);
    }
    return answer;
  }

  /// Sends one PUT with this number of zeros and a wrong digest, so that the registry refuses them in the end.
  Answer put(std::uint64_t size) {
    const Digest other = sha256(probing_.mark() + " other content");
    Request request{"PUT", place_->with_parameter("digest", other.text())};
    request.headers.set("Content-Type", "application/octet-stream");
    request.body = zeros(size);
    request.extra_response_time = time_to_store(size);
    const auto blob = probing_.traces().add(Traces::Kind::Blob, text::cat("a blob of ", size, " zeros, in no manifest"),
                                            probing_.url("blobs/" + other.text()), probing_.scope());
    Answer answer = probing_.connection().send(std::move(request), probing_.scope(), probing_.context().stop);
    if (!is_success(answer.status)) probing_.traces().forget(blob);
    return answer;
  }

  void cancel() { static_cast<void>(probing_.traces().remove(trace_, probing_.context().stop)); }

 private:
  Probing& probing_;
  std::optional<Url> place_;
  std::size_t trace_ = 0;
  std::uint64_t offset_ = 0;
};

/// The outcome of larger and larger bodies.
struct BodyTrial {
  std::uint64_t taken = 0;    ///< the largest that was accepted; 0: none
  std::uint64_t refused = 0;  ///< the smallest that was not; 0: none
  std::string why = {};
};

/// Doubles the size until it is refused, or is `largest`. `send` returns nothing if a body was taken, else why not.
BodyTrial try_bodies(std::uint64_t largest, bool may_be_slow,
                     const std::function<std::optional<std::string>(std::uint64_t)>& send) {
  BodyTrial trial;
  for (std::uint64_t size = std::min(largest, ChunkRecord::kSmallestBytes);; size = std::min(size * 2, largest)) {
    const auto begun = std::chrono::steady_clock::now();
    if (auto refusal = send(size)) {
      trial.refused = size;
      trial.why = *std::move(refusal);
      return trial;
    }
    trial.taken = size;
    const bool is_slow = std::chrono::steady_clock::now() - begun > kSlow;
    if (size == largest || (is_slow && !may_be_slow)) return trial;
  }
}

/// A connection that breaks off during a body is a refusal, too: some proxies do no better.
std::optional<std::string> refusal_of(const std::function<Answer()>& send, const std::function<bool(int)>& is_taken) {
  try {
    const Answer answer = send();
    return is_taken(answer.status) ? std::nullopt : std::optional(answer_words(answer));
  } catch (const TransportError& error) {
    return error.message();
  }
}

void tell_bodies(Probing& probing, const BodyTrial& trial, bool in_chunks) {
  const std::string taken = trial.taken == 0 ? "none was taken" : text::cat(size_words(trial.taken), " were taken");
  if (trial.refused == 0) return probing.yes(kBodies, taken);
  const std::string detail = text::cat(taken, ", ", size_words(trial.refused), " refused: ", trial.why);
  if (in_chunks && trial.taken != 0) {
    return probing.no(kBodies, detail,
                      text::cat("nothing: larger layers go in chunks; --registry-upload-chunk-size ",
                                trial.taken / kKiB, "KiB spares the refused requests"));
  }
  constexpr std::string_view kRemedy = "have the limit raised (nginx: client_max_body_size)";
  probing.no(kBodies, detail, text::cat("larger layers cannot be imported: ", kRemedy));
  probing.fail(Error(ErrorCode::Refused, text::cat("request bodies of ", size_words(trial.refused),
                                                   " are refused, and there is no other way for larger layers"))
                   .hint(std::string(kRemedy)));
}

bool try_chunks(Probing& probing, Upload& upload, const Answer& opened) {
  // A registry may want no small chunks but the last one.
  const auto least = opened.headers.find("OCI-Chunk-Min-Length");
  if (least) {
    probing.unknown(kChunks, text::cat("the registry takes none smaller than ", *least, " bytes"));
    return true;
  }
  for (int chunk = 0; chunk < 2; ++chunk) {
    const auto refusal = refusal_of([&] { return upload.patch(kFirstChunk); }, is_success);
    if (!refusal) continue;
    probing.no(kChunks, *refusal, "nothing: layers go in one request each; after a break, such a request starts anew");
    return false;
  }
  probing.yes(kChunks);
  return true;
}

void try_body_sizes(Probing& probing, Upload& upload, bool in_chunks) {
  const bool is_chosen = probing.options().largest_body.has_value();
  const std::uint64_t largest = probing.options().largest_body.value_or(kUsualLargest);
  const auto send = [&](std::uint64_t size) {
    if (in_chunks) return refusal_of([&] { return upload.patch(size); }, is_success);
    const auto whole = [&] {
      Answer opened = upload.open();
      if (opened.status != 202) return opened;
      Answer answer = upload.put(size);
      upload.cancel();
      return answer;
    };
    // 400 is for the digest: the body has arrived.
    return refusal_of(whole, [](int status) { return is_success(status) || status == 400 || status == 422; });
  };
  tell_bodies(probing, try_bodies(largest, is_chosen, send), in_chunks);
}

Error push_refusal(const Answer& answer) {
  Error error = response_error("POST", answer, ErrorCode::Refused);
  if (answer.status == 404) error.hint("the repository, or the project it belongs to, may have to be created first");
  return error;
}

}  // namespace

void upload(Probing& probing) {
  Upload upload(probing);
  std::optional<Answer> opened;
  probing.attempt(kPush, [&] {
    const Answer answer = upload.open();
    if (answer.status == 202) {
      opened = answer;
      return probing.yes(kPush);
    }
    const Error error = push_refusal(answer);
    probing.no(kPush, answer_words(answer), error.hint_text());
    probing.fail(error);
  });
  bool in_chunks = false;
  probing.attempt(kChunks, [&] { in_chunks = try_chunks(probing, upload, opened.value()); });
  probing.attempt(kBodies, [&] {
    if (!in_chunks) upload.cancel();
    try_body_sizes(probing, upload, in_chunks);
  });
  if (opened) upload.cancel();
}

}  // namespace ociferry::trials
