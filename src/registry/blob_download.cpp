#include "registry/blob_download.hpp"

#include <algorithm>
#include <charconv>

#include "base/sizes.hpp"
#include "base/text.hpp"
#include "registry/registry_error.hpp"

namespace ociferry {

namespace {

/// The progress of an attempt after which earlier failures no longer count, so that connections that break after a few
/// bytes are not retried forever.
constexpr std::uint64_t kProgress = 256 * kKiB;

/// True if `value` is "bytes FIRST-LAST/TOTAL" (RFC 9110 section 14.4); TOTAL may be '*', and LAST anything if
/// none is given.
bool is_content_range(const std::string& value, std::uint64_t first, std::optional<std::uint64_t> last,
                      std::uint64_t total) {
  const std::string begin = last ? text::cat("bytes ", first, "-", *last, "/") : text::cat("bytes ", first, "-");
  if (!value.starts_with(begin)) return false;
  const auto slash = value.rfind('/');
  if (slash == std::string::npos) return false;
  const std::string end = value.substr(slash + 1);
  return end == "*" || end == text::cat(total);
}

}  // namespace

DownloadPlace place_in(Connection& connection, const RepositoryName& name, const Digest& blob) {
  return {.name = text::cat(to_string(name), "@", blob.text()),
          .tries = [&connection] { return connection.attempts(Retrier::Lane::Read); },
          .url = [&connection, name,
                  blob](const std::stop_token& stop) { return connection.url(name, "blobs/" + blob.text(), stop); },
          .send = [&connection, name](
                      Request request,
                      const std::stop_token& stop) { return connection.send(std::move(request), Scope{name}, stop); }};
}

BlobDownload::BlobDownload(DownloadPlace place, const Descriptor& blob, ByteSink& sink, std::stop_token stop,
                           std::uint64_t delivered)
    : place_(std::move(place)),
      blob_(blob),
      sink_(sink),
      stop_(std::move(stop)),
      delivered_(delivered),
      end_(blob.size) {}

void BlobDownload::Window::write(Bytes bytes) {
  const auto left_out = std::min<std::uint64_t>(download_.skip_, bytes.size());
  download_.skip_ -= left_out;
  bytes = bytes.subspan(left_out);
  if (bytes.empty()) return;
  if (bytes.size() > download_.end_ - download_.delivered_) {
    if (download_.only_range_) throw RangeNotGiven();
    throw download_.wrong_size("more");
  }
  download_.sink_.write(bytes);
  download_.delivered_ += bytes.size();
}

bool BlobDownload::run_until(std::uint64_t end) {
  end_ = end;
  only_range_ = true;
  try {
    run();
    return true;
  } catch (const RangeNotGiven&) {
    return false;
  }
}

void BlobDownload::run() {
  auto attempts = place_.tries();
  for (;;) {
    const std::uint64_t before = delivered_;
    attempts.begin(stop_);
    try {
      Answer answer = attempt();
      answer.attempts = attempts.made();
      if (is_over(answer)) return;
      check(answer);
      if (delivered_ - before >= kProgress) attempts.reset_failures();
      if (!attempts.again(text::cat(place(), " ended after ", delivered_, " bytes"), &answer, stop_)) give_up(answer);
    } catch (const TransportError& error) {
      if (!error.is_transient()) throw;
      if (delivered_ == end_ && delivered_ > before) return;  // it broke after the last byte
      if (delivered_ - before >= kProgress) attempts.reset_failures();
      if (!attempts.again(error.message(), nullptr, stop_)) throw gave_up(error, attempts.made());
    }
  }
}

void BlobDownload::give_up(const Answer& answer) const {
  if (!is_success(answer.status)) throw response_error("GET", answer, ErrorCode::Network);
  if (only_range_) throw RangeNotGiven();
  throw wrong_size("fewer");
}

Answer BlobDownload::attempt() {
  Window window(*this);
  Request request{"GET", place_.url(stop_)};
  request.sink = &window;
  request.before_sink = [this](const Response& response) { begin_body(response); };
  asked_range_ = only_range_ || (trust_ranges_ && delivered_ > 0);
  if (asked_range_) request.headers.set("Range", wanted_range());
  return place_.send(std::move(request), stop_);
}

std::string BlobDownload::wanted_range() const {
  return only_range_ ? text::cat("bytes=", delivered_, "-", end_ - 1) : text::cat("bytes=", delivered_, "-");
}

void BlobDownload::begin_body(const Response& response) {
  skip_ = delivered_;
  body_headers_ = response.headers;
  if (only_range_ && (response.status != 206 || encoding_of(body_headers_))) throw RangeNotGiven();
  if (response.status != 206) return;
  const std::string range = response.headers.find("Content-Range").value_or("");
  const auto last = only_range_ ? std::optional(end_ - 1) : std::nullopt;
  if (asked_range_ && is_content_range(range, delivered_, last, blob_.size)) {
    skip_ = 0;
    return;
  }
  if (only_range_) throw RangeNotGiven();
  trust_ranges_ = false;
  throw TransportError(TransportError::Kind::Broken,
                       text::cat(place(), ": requested bytes from ", delivered_, " on, got '", range, "'"));
}

Error BlobDownload::wrong_size(std::string_view relation) const {
  std::string message = text::cat(place(), " has ", relation, " bytes than the ", blob_.size, " it should have");
  if (relation == "fewer") message += text::cat(" (got ", delivered_, ")");
  Error error(ErrorCode::Corrupt, std::move(message));
  hint_at_changed_body(error, body_headers_);
  return error;
}

bool BlobDownload::is_over(const Answer& answer) const { return is_success(answer.status) && delivered_ == end_; }

/// Throws if a retry cannot help.
void BlobDownload::check(const Answer& answer) const {
  // Anything else would be appended to encoded bytes.
  if (is_success(answer.status) && encoding_of(body_headers_)) throw wrong_size("fewer");
  if (is_success(answer.status) || is_transient_status(answer.status)) return;
  if (answer.status == 416 && !only_range_) throw wrong_size("fewer");
  // The link to a storage server has expired; the registry sends a new one.
  const bool elsewhere = answer.url.origin() != answer.asked;
  if (elsewhere && (answer.status == 401 || answer.status == 403 || answer.status == 404)) return;
  if (only_range_) throw RangeNotGiven();  // a request without a range shows whether the blob exists
  if (answer.status == 404) {
    Error error = response_error("GET", answer, ErrorCode::Network);
    throw std::move(error).while_doing("reading " + place());
  }
  throw response_error("GET", answer, ErrorCode::Network);
}

}  // namespace ociferry
