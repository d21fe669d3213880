#include "registry/chunked_upload.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/sizes.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "registry/limits.hpp"
#include "registry/upload_location.hpp"
#include "stream/memory.hpp"
#include "stream/read_buffer.hpp"

namespace ociferry {

namespace {

/// The assumed minimum rate, in bytes a second, at which a registry stores a blob.
constexpr std::uint64_t kStoredPerSecond = 8 * kMiB;
std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// The number of bytes in "0-LAST". Registries use "0-0" for an empty session.
std::optional<std::uint64_t> length_of(std::string_view range) {
  range = text::trim(range);
  if (range.starts_with("bytes=")) range.remove_prefix(6);
  if (!range.starts_with("0-")) return std::nullopt;
  const auto last = parse_number(range.substr(2));
  if (!last || *last == 0) return last;
  return *last + 1;
}

/// The next bytes of a stream that the caller owns; advances its position.
class Chunk : public ByteSource {
 public:
  Chunk(ByteSource& body, std::uint64_t& position, std::uint64_t size, UploadMeter& meter)
      : body_(body), position_(position), left_(size), meter_(meter) {}
  std::size_t read(MutableBytes buffer) override {
    const std::size_t got = body_.read(buffer.first(std::min<std::uint64_t>(buffer.size(), left_)));
    left_ -= got;
    position_ += got;
    meter_.set(position_);
    return got;
  }

 private:
  ByteSource& body_;
  std::uint64_t& position_;
  std::uint64_t left_;
  UploadMeter& meter_;
};

}  // namespace

std::optional<std::uint64_t> held_bytes(const Answer& answer) {
  return length_of(answer.headers.find("Range").value_or(""));
}

std::chrono::seconds time_to_store(std::uint64_t bytes) { return std::chrono::seconds(bytes / kStoredPerSecond); }

ChunkedUpload::ChunkedUpload(Connection& connection, Scope scope, const Descriptor& blob, OpenBlob open,
                             NoteSession note, UploadMeter& meter, std::stop_token stop)
    : connection_(connection),
      scope_(std::move(scope)),
      blob_(blob),
      open_(std::move(open)),
      note_(std::move(note)),
      meter_(meter),
      stop_(std::move(stop)) {}

void ChunkedUpload::begin(const Answer& opened) {
  move_to(upload_location("POST", opened));
  const auto least = parse_number(text::trim(opened.headers.find("OCI-Chunk-Min-Length").value_or("0")));
  least_ = std::min<std::uint64_t>(least.value_or(0), limits::kChunkMinLength);
  offset_ = sent_ = 0;
  rewound_ = resumed_ = false;
}

void ChunkedUpload::resume(const Url& session) {
  session_ = session;
  least_ = offset_ = 0;
  sent_ = blob_.size;  // it may have all
  rewound_ = false;
  resumed_ = true;
}

void ChunkedUpload::give_up() noexcept {
  session_.reset();
  resumed_ = false;
}

bool ChunkedUpload::find_offset() {
  if (!session_) return false;
  std::optional<std::uint64_t> there;
  try {
    there = ask_offset();
  } catch (const Error& error) {
    // The bytes from an earlier run are worth a retry.
    if (error.code() == ErrorCode::Interrupted || (resumed_ && error.is_transient())) throw;
  }
  if (!there) {
    give_up();
    return false;
  }
  offset_ = *there;
  return true;
}

Answer ChunkedUpload::send(Retrier::Attempts& attempts) {
  while (offset_ < blob_.size) {
    const std::uint64_t size = next_size();
    Answer answer = patch(size);
    if (is_success(answer.status)) {
      offset_ += size;
      move_on(answer);
      attempts.reset_failures();
    } else if (!adapts(answer, size)) {
      return answer;
    }
  }
  Answer answer = close();
  // After a refusal of all chunks, do not try again.
  if (!is_success(answer.status) && !is_transient_status(answer.status)) session_.reset();
  return answer;
}

std::uint64_t ChunkedUpload::next_size() const {
  const std::uint64_t limit = connection_.chunks().limit().value_or(ChunkRecord::kChunkBytes);
  return std::min(blob_.size - offset_, std::max(limit, least_));
}

Answer ChunkedUpload::patch(std::uint64_t size) {
  method_ = "PATCH";
  Request request{"PATCH", *session_};
  request.headers.set("Content-Type", "application/octet-stream");
  request.headers.set("Content-Range", text::cat(offset_, "-", offset_ + size - 1));
  request.body = RequestBody{size, [this, size]() -> std::unique_ptr<ByteSource> {
                               go_to(offset_);
                               return std::make_unique<Chunk>(*body_, position_, size, meter_);
                             }};
  sent_ = std::max(sent_, offset_ + size);
  request.extra_response_time = time_to_store(size);
  return connection_.send(std::move(request), scope_, stop_);
}

Answer ChunkedUpload::close() {
  method_ = "PUT";
  meter_.set(blob_.size);
  Request request{"PUT", session_->with_parameter("digest", blob_.digest.text())};
  request.headers.set("Content-Type", "application/octet-stream");
  request.body = RequestBody{0, [] { return std::make_unique<StringSource>(std::string()); }};
  request.extra_response_time = time_to_store(blob_.size);
  return connection_.send(std::move(request), scope_, stop_);
}

/// True if another PATCH may succeed: a smaller one, or at another offset.
bool ChunkedUpload::adapts(const Answer& refusal, std::uint64_t size) {
  if (refusal.status == 405 || refusal.status == 501) connection_.chunks().refuse();
  if (refusal.status == 413) return fits_after_lowering(size);
  if (refusal.status != 416 || resumed_) return false;
  const auto there = ask_offset();
  method_ = "PATCH";
  if (!there) return false;
  // The offset is right: some registries respond like this to a chunk that is too large.
  if (*there == offset_) return fits_after_lowering(size);
  offset_ = *there;
  return !std::exchange(rewound_, true);
}

bool ChunkedUpload::fits_after_lowering(std::uint64_t refused) {
  return connection_.chunks().lower(refused) && next_size() < refused;
}

/// The offset of the session; nullopt if it has expired, or the offset is impossible.
std::optional<std::uint64_t> ChunkedUpload::ask_offset() {
  method_ = "GET";
  const Answer answer = connection_.send(Request{"GET", *session_}, scope_, stop_);
  if (!is_success(answer.status)) return std::nullopt;
  move_on(answer);
  const auto there = held_bytes(answer);
  return there && *there <= sent_ ? there : std::nullopt;
}

/// The URL of the session changes with each request if the registry encodes its state in it.
void ChunkedUpload::move_on(const Answer& answer) {
  if (answer.headers.find("Location")) move_to(upload_location(method_, answer));
}

void ChunkedUpload::move_to(Url session) {
  session_ = std::move(session);
  note_(*session_);
}

void ChunkedUpload::go_to(std::uint64_t offset) {
  if (!body_ || position_ > offset) {
    body_ = open_();
    position_ = 0;
  }
  meter_.set(offset);
  std::vector<std::byte> buffer(position_ < offset ? kReadBufferBytes : 0);
  while (position_ < offset) {
    throw_if_stopped(stop_);
    const std::size_t got =
        body_->read(MutableBytes(buffer).first(std::min<std::uint64_t>(kReadBufferBytes, offset - position_)));
    if (got == 0) throw Error(ErrorCode::Internal, text::cat(blob_.digest.text(), " ended at ", position_));
    position_ += got;
  }
}

}  // namespace ociferry
