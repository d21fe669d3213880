#include "registry/blob_upload.hpp"

#include <chrono>
#include <thread>

#include "base/text.hpp"
#include "registry/registry_error.hpp"
#include "stream/verify.hpp"

namespace ociferry {

namespace {

/// A registry may take a while to put a large blob in its place; at least this much it does a second.
constexpr std::uint64_t kStoredPerSecond = 8 * limits::kMiB;
/// How long a registry is given to forget an upload that was stopped.
constexpr std::chrono::seconds kCancelPatience{2};
constexpr std::size_t kReadBytes = 1024 * 1024;

bool is_success(int status) { return status >= 200 && status < 300; }

/// What a Location means. Throws Error naming who sent it.
Url resolved(const Answer& answer, const std::string& location) {
  try {
    return answer.url.resolve(location);
  } catch (Error& error) {
    error.while_doing(text::cat("reading the place that POST ", answer.url.shown(), " was answered with"));
    throw;
  }
}

/// Reports the bytes that pass by.
class CountingSource : public ByteSource {
 public:
  CountingSource(std::unique_ptr<ByteSource> inner, Progress& progress, std::int64_t& reported)
      : inner_(std::move(inner)), progress_(progress), reported_(reported) {}
  std::size_t read(MutableBytes buffer) override {
    const std::size_t got = inner_->read(buffer);
    reported_ += static_cast<std::int64_t>(got);
    progress_.advance(static_cast<std::int64_t>(got));
    return got;
  }

 private:
  std::unique_ptr<ByteSource> inner_;
  Progress& progress_;
  std::int64_t& reported_;
};

}  // namespace

bool blob_exists(Connection& connection, const Scope& scope, const Descriptor& blob, std::stop_token stop) {
  const Request request{"HEAD", connection.url(scope.name, "blobs/" + blob.digest.text(), stop)};
  const Answer answer = connection.send_patiently(request, scope, stop);
  if (is_success(answer.status)) return true;
  const int status = answer.status;
  if (status == 404 || status == 403 || status == 405 || status == 501) return false;
  throw response_error("HEAD", answer, ErrorCode::Network);
}

BlobUpload::BlobUpload(Connection& connection, const RepositoryName& name, MountRecord& mounts, const Descriptor& blob,
                       BlobSource& from, Progress& progress, std::stop_token stop)
    : connection_(connection),
      name_(name),
      mounts_(mounts),
      blob_(blob),
      from_(from),
      progress_(progress),
      stop_(std::move(stop)),
      is_distrusted_(mounts.take_distrust(blob.digest)) {}

BlobUpload::~BlobUpload() {
  take_back();
  if (!open_) open_ = std::move(session_);
  if (open_ && stop_.stop_requested()) cancel();
}

BlobOutcome BlobUpload::run() {
  BlobOutcome outcome = BlobOutcome::Written;
  if (exists()) {
    outcome = BlobOutcome::Existed;
  } else if (mount()) {
    outcome = BlobOutcome::Mounted;
  } else {
    upload();
  }
  report_all();
  return outcome;
}

/// Asks with HEAD; where a mount is known to tell as well, with the request that opens the upload, too. An answer that
/// would not be believed is not asked for.
bool BlobUpload::exists() {
  if (is_distrusted_) return false;
  if (mounts_.tells_own() && !elsewhere()) {
    try {
      const int status = ask_mount(name_).status;
      if (status == 201 || status == 202) return status == 201;
    } catch (const Error& error) {
      if (!error.is_transient()) throw;  // the question is repeated below
    }
  }
  return blob_exists(connection_, scope(), blob_, stop_);
}

std::optional<RepositoryName> BlobUpload::elsewhere() const {
  auto place = from_.mountable_from();
  if (place && (place->registry != name_.registry || *place == name_ || mounts_.is_refused(*place))) place.reset();
  return place;
}

bool BlobUpload::mount() {
  const auto place = elsewhere();
  if (!place || is_distrusted_) return false;
  if (!from_.home()) {
    if (connection_.uses_tokens()) return false;  // a mere guess is not worth a token
    prove_possession();
  }
  try {
    const int status = ask_mount(*place).status;
    // A blob that is certainly there may be missed by accident; one that is only guessed to be there is not asked for
    // twice.
    const bool by_accident = is_transient_status(status) || (status == 404 && from_.home());
    if (status != 201 && status != 202 && !by_accident) mounts_.refuse(*place);
    return status == 201;
  } catch (const Error& error) {
    // Whatever keeps a registry from mounting, the upload will do, or will tell the reason.
    if (error.code() == ErrorCode::Interrupted) throw;
    if (!error.is_transient()) mounts_.refuse(*place);
  }
  return false;
}

/// What a file merely names must not be taken from where only we may read: it has to hold the blob, too.
void BlobUpload::prove_possession() {
  VerifyingSource content(from_.open(blob_, stop_), blob_, from_.name_of(blob_.digest));
  std::vector<std::byte> buffer(kReadBytes);
  while (content.read(buffer) > 0) {
    if (stop_.stop_requested()) throw Error(ErrorCode::Interrupted, "interrupted");
  }
}

Answer BlobUpload::ask_mount(const RepositoryName& place) {
  Scope both = scope();
  if (place != name_) both.mount_from = place.repository;
  const Url url = connection_.url(name_, "blobs/uploads/", stop_)
                      .with_parameter("mount", blob_.digest.text())
                      .with_parameter("from", place.repository);
  Answer answer = connection_.send(Request{"POST", url}, both, stop_);
  if (answer.status == 202) session_ = session_url(answer);
  return answer;
}

/// True if a mount from the repository itself is answered with `status`. Failures are no answer.
bool BlobUpload::own_mount_says(int status) {
  try {
    return ask_mount(name_).status == status;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Interrupted) throw;
    return false;
  }
}

void BlobUpload::upload() {
  if (session_ || is_distrusted_ || !mounts_.begins_trial()) return upload_patiently();
  const bool said_absent = own_mount_says(202);
  upload_patiently();
  mounts_.end_trial(said_absent && own_mount_says(201));
  if (!session_) return;
  open_ = std::exchange(session_, std::nullopt);
  cancel();
  open_.reset();
}

void BlobUpload::upload_patiently() {
  auto attempts = connection_.attempts(Retrier::Lane::Write);
  for (;;) {
    attempts.begin(stop_);
    try {
      Answer answer = attempt();
      answer.attempts = attempts.made();
      if (is_done(answer)) return open_.reset();
      if (!may_repeat(answer)) throw refusal(answer);
      const std::string why = text::cat(method_, " ", answer.url.shown(), " answered ", answer.status);
      if (!attempts.again(why, &answer, stop_)) throw refusal(answer);
    } catch (const TransportError& error) {
      if (!error.is_transient()) throw;
      if (!attempts.again(error.message(), nullptr, stop_)) throw gave_up(error, attempts.made());
    }
    take_back();
    if (exists()) return open_.reset();
  }
}

Error BlobUpload::refusal(const Answer& answer) const {
  const Error error = response_error(method_, answer, ErrorCode::Refused);
  if (error.code() != ErrorCode::NotFound) return error;
  // "Not found" would be taken for the blob at its source.
  return Error(ErrorCode::Refused, error.message())
      .hint("the repository, or the project it belongs to, may have to be created first");
}

Answer BlobUpload::attempt() {
  std::optional<Url> location = std::exchange(session_, std::nullopt);
  if (!location) {
    Answer opened = open_session();
    if (opened.status != 202) return opened;
    location = session_url(opened);
  }
  open_ = location;
  return put(*location);
}

Answer BlobUpload::open_session() {
  method_ = "POST";
  return connection_.send(Request{"POST", connection_.url(name_, "blobs/uploads/", stop_)}, scope(), stop_);
}

Answer BlobUpload::put(const Url& location) {
  method_ = "PUT";
  Request request{"PUT", location.with_parameter("digest", blob_.digest.text())};
  request.headers.set("Content-Type", "application/octet-stream");
  request.body = RequestBody{blob_.size, [this] { return open_body(); }};
  request.patience = std::chrono::seconds(blob_.size / kStoredPerSecond);
  return connection_.send(std::move(request), scope(), stop_);
}

std::unique_ptr<ByteSource> BlobUpload::open_body() {
  take_back();
  auto verified = std::make_unique<VerifyingSource>(from_.open(blob_, stop_), blob_, from_.name_of(blob_.digest));
  return std::make_unique<CountingSource>(std::move(verified), progress_, reported_);
}

bool BlobUpload::is_done(const Answer& answer) const {
  if (!is_success(answer.status) || method_ != "PUT") return false;
  const auto stored = Digest::try_parse(answer.headers.find("Docker-Content-Digest").value_or(""));
  if (stored && stored->algorithm() == blob_.digest.algorithm() && *stored != blob_.digest) {
    throw Error(ErrorCode::Corrupt, text::cat("PUT ", answer.url.shown(), ": the registry stored ", stored->text(),
                                              " instead of ", blob_.digest.text()));
  }
  return true;
}

bool BlobUpload::may_repeat(const Answer& answer) const {
  if (is_transient_status(answer.status)) return true;
  if (method_ != "PUT") return false;
  // The session is gone, perhaps to another replica of the registry, or the bytes were damaged on their way.
  return answer.status == 404 || answer.status == 416 || names_error(answer, "BLOB_UPLOAD_UNKNOWN") ||
         names_error(answer, "BLOB_UPLOAD_INVALID") || names_error(answer, "DIGEST_INVALID");
}

Url BlobUpload::session_url(const Answer& answer) const {
  const auto location = answer.headers.find("Location");
  if (!location) {
    throw Error(ErrorCode::Refused,
                text::cat("POST ", answer.url.shown(), ": the registry names no place to upload to"));
  }
  Url url = resolved(answer, *location);
  const Origin& here = answer.url.origin();
  const Origin& there = url.origin();
  if (here.scheme != "https" || there.scheme != "http") return url;
  // A registry behind a proxy that ends TLS may not know that it is reached by https.
  if (there.host == here.host && (there.port == here.port || there.port == 80)) return url.at(here);
  throw Error(ErrorCode::Hostile, text::cat("POST ", answer.url.shown(), ": the registry wants the upload at ",
                                            url.shown(), ", which is not encrypted"));
}

void BlobUpload::cancel() noexcept {
  try {
    std::stop_source enough;
    const std::jthread timer([&enough](const std::stop_token& answered) {
      try {
        real_clock().sleep_until(std::chrono::steady_clock::now() + kCancelPatience, answered);
        enough.request_stop();
      } catch (const Error&) {
        return;  // it was answered in time
      }
    });
    static_cast<void>(connection_.send(Request{"DELETE", *open_}, scope(), enough.get_token()));
  } catch (const std::exception&) {
    return;  // registries forget sessions by themselves after some time
  }
}

void BlobUpload::report_all() {
  const auto size = static_cast<std::int64_t>(blob_.size);
  progress_.advance(size - reported_);
  reported_ = 0;
}

void BlobUpload::take_back() {
  if (reported_ != 0) progress_.advance(-reported_);
  reported_ = 0;
}

}  // namespace ociferry
