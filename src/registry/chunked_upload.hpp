#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "ociferry/descriptor.hpp"
#include "ociferry/progress.hpp"
#include "registry/connection.hpp"

namespace ociferry {

/// Reports the progress of one upload. Used by one thread.
class UploadMeter {
 public:
  /// `progress` must outlive it.
  explicit UploadMeter(Progress& progress) : progress_(progress) {}
  /// The upload is at `offset` now, which may be less than before.
  void set(std::uint64_t offset) {
    const auto now = static_cast<std::int64_t>(offset);
    if (now != reported_) progress_.advance(now - reported_);
    reported_ = now;
  }
  /// Nothing was uploaded: the blob of `size` bytes exists.
  void skip(std::uint64_t size) {
    set(0);
    progress_.skip(static_cast<std::int64_t>(size));
  }
  void add(std::uint64_t bytes) { set(static_cast<std::uint64_t>(reported_) + bytes); }

 private:
  Progress& progress_;
  std::int64_t reported_ = 0;
};

/// Uploads a blob in chunks (distribution-spec, "Pushing a blob in chunks"): PATCH requests, closed by a PUT without a
/// body. Resumes at the offset that the registry reports, if that is within what was sent. After an accepted chunk, our
/// own offset counts: the Range of that response is often wrong.
class ChunkedUpload {
 public:
  /// Opens the blob at its beginning; the stream verifies it before its last bytes.
  using OpenBlob = std::function<std::unique_ptr<ByteSource>()>;
  /// Called each time that the URL of the session changes.
  using NoteSession = std::function<void(const Url&)>;

  /// All but `scope`, `open`, `note` and `stop` must outlive it.
  ChunkedUpload(Connection& connection, Scope scope, const Descriptor& blob, OpenBlob open, NoteSession note,
                UploadMeter& meter, std::stop_token stop);

  /// Starts with the session of `opened`, the response to a POST. Throws Error as `upload_location` does.
  void begin(const Answer& opened);
  /// Resumes an older session: of an earlier run, or of an interrupted request. It may have expired or contain
  /// anything. Call `find_offset` before `send`.
  void resume(const Url& session);
  /// True while the session is a resumed one: its refusal says nothing about the blob.
  [[nodiscard]] bool is_resumed() const noexcept { return resumed_; }
  /// Abandons the session: the next one starts from the beginning.
  void give_up() noexcept;
  /// Requests the offset from the registry. False if there is no session, or not any more.
  [[nodiscard]] bool find_offset();
  /// Blocks until all is sent, or a response ends the upload; returns the last response. Resets the failures of
  /// `attempts` after each accepted chunk. Throws what Connection::send throws.
  [[nodiscard]] Answer send(Retrier::Attempts& attempts);

  /// Of the last request.
  [[nodiscard]] const std::string& method() const noexcept { return method_; }
  /// The current URL of the session.
  [[nodiscard]] const std::optional<Url>& session() const noexcept { return session_; }

 private:
  [[nodiscard]] std::uint64_t next_size() const;
  [[nodiscard]] Answer patch(std::uint64_t size);
  [[nodiscard]] Answer close();
  [[nodiscard]] bool adapts(const Answer& refusal, std::uint64_t size);
  [[nodiscard]] bool fits_after_lowering(std::uint64_t refused);
  [[nodiscard]] std::optional<std::uint64_t> ask_offset();
  void go_to(std::uint64_t offset);
  void move_on(const Answer& answer);
  void move_to(Url session);

  Connection& connection_;
  Scope scope_;
  const Descriptor& blob_;
  OpenBlob open_;
  NoteSession note_;
  UploadMeter& meter_;
  std::stop_token stop_;

  std::string method_;
  std::optional<Url> session_;
  std::uint64_t least_ = 0;   ///< the registry's minimum size of chunks except the last
  std::uint64_t offset_ = 0;  ///< bytes that the registry has
  std::uint64_t sent_ = 0;    ///< bytes sent; the registry cannot have more
  bool rewound_ = false;      ///< the offset was requested once in this session after a refusal
  bool resumed_ = false;

  std::unique_ptr<ByteSource> body_;
  std::uint64_t position_ = 0;  ///< bytes read from `body_`
};

/// The offset of a session from its status response (GET); nullopt if absent.
[[nodiscard]] std::optional<std::uint64_t> held_bytes(const Answer& answer);

/// The additional time that a registry gets to respond to a request with a body of `bytes` bytes.
[[nodiscard]] std::chrono::seconds time_to_store(std::uint64_t bytes);

}  // namespace ociferry
