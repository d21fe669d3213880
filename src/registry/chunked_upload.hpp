#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "ociferry/descriptor.hpp"
#include "registry/connection.hpp"
#include "registry/upload_meter.hpp"

namespace ociferry {

/// One blob on its way in chunks (distribution-spec, "Pushing a blob in chunks"): PATCH after PATCH, closed by a PUT
/// without a body. What broke off goes on where the registry says that it stopped, if that is within what was sent. Its
/// own count is believed otherwise: what registries say after a chunk that they took (Range) is often wrong.
class ChunkedUpload {
 public:
  /// Gives the blob from its beginning, and its last bytes only if all of them have proved right.
  using OpenBlob = std::function<std::unique_ptr<ByteSource>()>;
  /// Learns where the session is, each time that changes.
  using NoteSession = std::function<void(const Url&)>;

  /// All but `scope`, `open`, `note` and `stop` must outlive it.
  ChunkedUpload(Connection& connection, Scope scope, const Descriptor& blob, OpenBlob open, NoteSession note,
                UploadMeter& meter, std::stop_token stop);

  /// Begins with the session that `opened` (the answer to a POST) names. Throws Error as `upload_location` does.
  void begin(const Answer& opened);
  /// Begins with a session that is older: an earlier run's, or one in which a request with all of the blob broke off.
  /// It may hold anything, or be none. Call `goes_on` before `send`.
  void take_up(const Url& session);
  /// True while the session is one that was taken up: that the registry refuses it says nothing about the blob.
  [[nodiscard]] bool is_taken_up() const noexcept { return taken_up_; }
  /// Gives the session up: the next one has to begin anew.
  void give_up() noexcept;
  /// True if the session can be continued; asks the registry how far it is. False if there is none, or not any more.
  [[nodiscard]] bool goes_on();
  /// Blocks until all is sent, or something is answered that ends it; that answer. `attempts` learns of each chunk that
  /// was taken. Throws what Connection::send throws.
  [[nodiscard]] Answer send(Retrier::Attempts& attempts);

  /// Of the last request.
  [[nodiscard]] const std::string& method() const noexcept { return method_; }
  /// Where the session is now.
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
  std::uint64_t least_ = 0;   ///< the smallest chunk that the registry wants, but for the last
  std::uint64_t offset_ = 0;  ///< what the registry has of the blob
  std::uint64_t sent_ = 0;    ///< the most that it can have
  bool rewound_ = false;      ///< it was asked once in this session after it had refused a place
  bool taken_up_ = false;

  std::unique_ptr<ByteSource> body_;
  std::uint64_t position_ = 0;  ///< what was read of `body_`
};

/// How many bytes a session holds, as its status (GET) says; nullopt if it does not say.
[[nodiscard]] std::optional<std::uint64_t> held_bytes(const Answer& answer);

/// How much longer than usual a registry may think about a request with so many bytes.
[[nodiscard]] std::chrono::seconds time_to_store(std::uint64_t bytes);

}  // namespace ociferry
