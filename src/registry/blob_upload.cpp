#include "registry/blob_upload.hpp"

#include <chrono>

#include "base/stop.hpp"
#include "base/text.hpp"
#include "registry/blob_check.hpp"
#include "registry/registry_error.hpp"
#include "registry/upload_location.hpp"
#include "stream/read_buffer.hpp"
#include "stream/verify.hpp"

namespace ociferry {

namespace {

/// The time limit for cancelling a stopped upload.
constexpr std::chrono::seconds kCancelPatience{2};
/// Reports the bytes that pass.
class CountingSource : public ByteSource {
 public:
  CountingSource(std::unique_ptr<ByteSource> inner, UploadMeter& meter) : inner_(std::move(inner)), meter_(meter) {}
  std::size_t read(MutableBytes buffer) override {
    const std::size_t got = inner_->read(buffer);
    meter_.add(got);
    return got;
  }

 private:
  std::unique_ptr<ByteSource> inner_;
  UploadMeter& meter_;
};

/// The name of the registry in references.
std::string shown_host(const Origin& origin) { return to_string(origin).substr(origin.scheme.size() + 3); }

/// True for responses, or their absence, of servers and proxies that time out on long bodies.
bool may_be_too_long(int status) { return status == 0 || status == 408 || status == 499 || status == 504; }

}  // namespace

BlobUpload::BlobUpload(Connection& connection, const RepositoryName& name, MountRecord& mounts, const Descriptor& blob,
                       BlobSource& from, Progress& progress, std::stop_token stop)
    : connection_(connection),
      name_(name),
      mounts_(mounts),
      blob_(blob),
      from_(from),
      stop_(std::move(stop)),
      is_distrusted_(mounts.take_distrust(blob.digest)),
      meter_(progress) {}

BlobUpload::~BlobUpload() {
  if (!is_done_) meter_.set(0);
  if (stop_.stop_requested()) cancel();
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
  if (outcome == BlobOutcome::Written) {
    meter_.set(blob_.size);
  } else {
    meter_.skip(blob_.size);
  }
  is_done_ = true;
  return outcome;
}

/// Checks with HEAD or, if reliable, with a mount, which also starts the upload. Does not check a distrusted blob, or
/// one that was asked for.
bool BlobUpload::exists() {
  const std::optional<bool> known = mounts_.take_presence(blob_.digest);
  if (is_distrusted_) return false;
  if (known) return *known;
  if (connection_.self_mounts().are_reliable() && !elsewhere()) {
    try {
      const int status = ask_mount(name_).status;
      if (status == 202) return false;
      if (status == 201) return mounts_.is_self_mount_confirmed() || confirm_self_mount();
    } catch (const Error& error) {
      if (!error.is_transient()) throw;  // the question is repeated below
    }
  }
  return blob_exists(connection_, scope(), blob_, stop_);
}

/// Checks the first mount from this repository itself that said that a blob exists. False if it does not.
bool BlobUpload::confirm_self_mount() {
  const bool is_there = blob_exists(connection_, scope(), blob_, stop_);
  if (is_there) {
    mounts_.confirm_self_mount();
  } else {
    connection_.self_mounts().end_trial(false);
  }
  return is_there;
}

std::optional<RepositoryName> BlobUpload::elsewhere() const {
  auto place = mount_place(from_, name_);
  if (place && mounts_.is_refused(*place)) place.reset();
  return place;
}

bool BlobUpload::mount() {
  const auto place = elsewhere();
  if (!place || is_distrusted_) return false;
  if (!from_.is_mount_certain()) {
    if (connection_.uses_tokens()) return false;  // a mere guess is not worth a token
    prove_possession();
  }
  try {
    const int status = ask_mount(*place).status;
    // A mount may fail by accident for a blob that exists; it is not retried for one that only may exist.
    const bool by_accident = is_transient_status(status) || (status == 404 && from_.is_mount_certain());
    if (status != 201 && status != 202 && !by_accident) mounts_.refuse(*place);
    return status == 201;
  } catch (const Error& error) {
    // After a failed mount, the upload succeeds, or shows the reason.
    if (error.code() == ErrorCode::Interrupted) throw;
    if (!error.is_transient()) mounts_.refuse(*place);
  }
  return false;
}

/// A repository that only a file names may be readable for us alone: mount from it only if the file has the blob, too.
void BlobUpload::prove_possession() {
  VerifyingSource content(from_.open(blob_, 0, stop_), blob_, from_.name_of(blob_.digest));
  std::vector<std::byte> buffer(kReadBufferBytes);
  while (content.read(buffer) > 0) {
    throw_if_stopped(stop_);
  }
}

Answer BlobUpload::ask_mount(const RepositoryName& place) {
  Scope both = scope();
  if (place != name_) both.mount_from = place.repository;
  const Url url = connection_.url(name_, "blobs/uploads/", stop_)
                      .with_parameter("mount", blob_.digest.text())
                      .with_parameter("from", place.repository);
  auto attempts = connection_.attempts(Retrier::Lane::Write);
  for (;;) {
    attempts.begin(stop_);
    Answer answer = connection_.send(Request{"POST", url}, both, stop_);
    // Other failures are left to the check, or the upload, that replaces the mount.
    const std::string why = text::cat("POST ", answer.url.shown(), " answered ", answer.status);
    if (attempts.again_if_told(why, answer, stop_)) continue;
    if (answer.status == 202) {
      static_cast<void>(upload_location("POST", answer));  // one that leads nowhere is no session
      session_ = answer;
    }
    return answer;
  }
}

/// True if the response to a mount from the repository itself has `status`.
bool BlobUpload::self_mount_answered(int status) {
  try {
    return ask_mount(name_).status == status;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Interrupted) throw;
    return false;
  }
}

void BlobUpload::upload() {
  look_for_earlier_run();
  if (session_ || is_distrusted_ || !connection_.self_mounts().begins_trial(blob_.size)) return upload_with_retries();
  const bool said_absent = self_mount_answered(202);
  upload_with_retries();
  const bool passed = said_absent && self_mount_answered(201);
  if (passed) mounts_.confirm_self_mount();
  connection_.self_mounts().end_trial(passed);
  cancel();
  session_.reset();
}

void BlobUpload::upload_with_retries() {
  auto attempts = connection_.attempts(Retrier::Lane::Write);
  for (;;) {
    attempts.begin(stop_);
    try {
      Answer answer = attempt(attempts);
      answer.attempts = attempts.made();
      if (is_done(answer)) return end_session();
      note_break(answer.status);
      if (!may_repeat(answer)) throw refusal(answer);
      const std::string why = text::cat(method_, " ", answer.url.shown(), " answered ", answer.status);
      if (!attempts.again(why, &answer, stop_)) {
        // A session that the registry fails to close must not block later runs.
        if (kept_ && chunks_ && chunks_->is_resumed() && method_ == "PUT") kept_->forget();
        throw refusal(answer);
      }
    } catch (const TransportError& error) {
      if (!error.is_transient()) throw;
      note_break(0);
      if (!attempts.again(error.message(), nullptr, stop_)) throw gave_up(error, attempts.made());
    }
    meter_.set(0);
    if (exists()) return end_session();
  }
}

void BlobUpload::end_session() {
  open_.reset();
  if (kept_) kept_->forget();
}

Error BlobUpload::refusal(const Answer& answer) const {
  Error error = response_error(method_, answer, ErrorCode::Refused);
  if (error.code() == ErrorCode::Refused) error.hint(hint_to_probe(name_));
  // NotFound would mean that the source lacks the blob.
  const ErrorCode code = error.code() == ErrorCode::NotFound ? ErrorCode::Refused : error.code();
  const Error plain(code, error.message());
  const Origin home = connection_.base(stop_).origin();
  const Origin& there = answer.url.origin();
  if (answer.status == 401 && there != home) {
    // Logging in there would not help: hosts named by a registry get no credentials.
    return Error(plain).hint(text::cat("the registry ", shown_host(home), " sends uploads to ", shown_host(there),
                                       ", which gets no credentials; use that name, or have the registry's external "
                                       "URL set right"));
  }
  if (names_error(answer, "BLOB_UPLOAD_INVALID") || names_error(answer, "BLOB_UPLOAD_UNKNOWN")) {
    return Error(plain).hint(
        "if several replicas of the registry answer by this name, they must share http.secret and their storage");
  }
  if (answer.status != 404) return error;
  return Error(plain).hint("the repository, or the project it belongs to, may have to be created first");
}

Answer BlobUpload::attempt(Retrier::Attempts& attempts) {
  if (!goes_in_chunks()) {
    Answer answer = attempt_whole();
    if (answer.status != 413 || method_ != "PUT" || !connection_.chunks().lower(blob_.size)) return answer;
  }
  return attempt_in_chunks(attempts);
}

Answer BlobUpload::attempt_whole() {
  const Answer opened = take_session();
  if (opened.status != 202) return opened;
  open_ = upload_location("POST", opened);
  note_session(*open_);
  return put(*open_);
}

Answer BlobUpload::attempt_in_chunks(Retrier::Attempts& attempts) {
  if (const auto earlier = take_earlier_session()) chunks().resume(*earlier);
  if (!chunks().find_offset()) {
    const Answer opened = take_session();
    if (opened.status != 202) return opened;
    chunks_->begin(opened);
  }
  // For cancelling and for messages, on any outcome.
  const auto note = [&] {
    open_ = chunks_->session();
    method_ = chunks_->method();
  };
  try {
    Answer answer = chunks_->send(attempts);
    note();
    const bool refused = !is_success(answer.status) && !is_transient_status(answer.status);
    if (!refused || !chunks_->is_resumed()) return answer;
  } catch (...) {
    note();
    throw;
  }
  // It contains something else, or has expired.
  chunks_->give_up();
  open_.reset();
  return attempt(attempts);
}

ChunkedUpload& BlobUpload::chunks() {
  if (!chunks_) {
    chunks_.emplace(
        connection_, scope(), blob_, [this] { return open_verified(); },
        [this](const Url& session) { note_session(session); }, meter_, stop_);
  }
  return *chunks_;
}

void BlobUpload::look_for_earlier_run() {
  if (blob_.size < KeptUploads::kLeastBytes) return;
  kept_ = connection_.kept_uploads().open(name_, blob_.digest);
  if (!kept_ || !kept_->earlier()) return;
  // Only sessions at the registry itself are recorded, see `note_session`.
  const Url home = connection_.base(stop_);
  const auto session = Url::try_parse(to_string(home.origin()) + *kept_->earlier());
  if (!session || session->origin() != home.origin()) return;
  open_ = session;
  broke_off_ = true;
}

std::optional<Url> BlobUpload::take_earlier_session() {
  if (chunks_ || !broke_off_) return std::nullopt;
  return std::exchange(open_, std::nullopt);
}

/// Records the URL of the session, unless it is at a storage server, where the URL alone may grant access.
void BlobUpload::note_session(const Url& session) {
  if (!kept_) return;
  if (session.origin() != connection_.base(stop_).origin()) return kept_->forget();
  kept_->keep(session.query().empty() ? session.path() : text::cat(session.path(), "?", session.query()));
}

bool BlobUpload::goes_in_chunks() const {
  const ChunkRecord& record = connection_.chunks();
  return !record.is_refused() && (broke_off_ || blob_.size > record.limit().value_or(blob_.size));
}

/// A request ended with `status`, or without a response (0).
void BlobUpload::note_break(int status) {
  if (method_ == "PUT" && may_be_too_long(status) && blob_.size > ChunkRecord::kChunkBytes) broke_off_ = true;
}

/// The response with a session: that of a mount, else of a new POST.
Answer BlobUpload::take_session() {
  if (session_) return *std::exchange(session_, std::nullopt);
  method_ = "POST";
  return connection_.send(Request{"POST", connection_.url(name_, "blobs/uploads/", stop_)}, scope(), stop_);
}

Answer BlobUpload::put(const Url& location) {
  method_ = "PUT";
  Request request{"PUT", location.with_parameter("digest", blob_.digest.text())};
  request.headers.set("Content-Type", "application/octet-stream");
  request.body = RequestBody{blob_.size, [this] {
                               meter_.set(0);
                               return std::make_unique<CountingSource>(open_verified(), meter_);
                             }};
  request.extra_response_time = time_to_store(blob_.size);
  return connection_.send(std::move(request), scope(), stop_);
}

std::unique_ptr<ByteSource> BlobUpload::open_verified() {
  return std::make_unique<VerifyingSource>(from_.open(blob_, 0, stop_), blob_, from_.name_of(blob_.digest));
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
  if (method_ == "POST") return false;
  // A registry without support for chunks may accept one request.
  if (method_ == "PATCH" && connection_.chunks().is_refused()) return true;
  // The session is lost, perhaps because of another replica of the registry, or the bytes were damaged.
  return answer.status == 404 || answer.status == 416 || names_error(answer, "BLOB_UPLOAD_UNKNOWN") ||
         names_error(answer, "BLOB_UPLOAD_INVALID") || names_error(answer, "DIGEST_INVALID");
}

/// True if `session` is recorded for a later run, and the registry has some of its bytes.
bool BlobUpload::can_resume_later(const Url& session, const std::stop_token& stop) {
  if (!kept_ || !kept_->is_kept()) return false;
  const Answer answer = connection_.send(Request{"GET", session}, scope(), stop);
  if (is_success(answer.status) && held_bytes(answer).value_or(0) > 0) {
    if (answer.headers.find("Location")) note_session(upload_location("GET", answer));
    return true;
  }
  kept_->forget();
  return false;
}

/// Cancels the open session, if any, unless a later run can resume it.
void BlobUpload::cancel() noexcept {
  if (!open_ && !session_) return;
  try {
    const Url session = open_ ? *open_ : upload_location("POST", *session_);
    const StopTimer enough(kCancelPatience);
    if (can_resume_later(session, enough.token())) return;
    static_cast<void>(connection_.send(Request{"DELETE", session}, scope(), enough.token()));
  } catch (const std::exception&) {
    return;  // registries forget sessions by themselves after some time
  }
}

}  // namespace ociferry
