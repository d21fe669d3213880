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

  /// All but `scope`, `open` and `stop` must outlive it.
  ChunkedUpload(Connection& connection, Scope scope, const Descriptor& blob, OpenBlob open, UploadMeter& meter,
                std::stop_token stop);

  /// Begins with the session that `opened` (the answer to a POST) names. Throws Error as `upload_location` does.
  void begin(const Answer& opened);
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

  Connection& connection_;
  Scope scope_;
  const Descriptor& blob_;
  OpenBlob open_;
  UploadMeter& meter_;
  std::stop_token stop_;

  std::string method_;
  std::optional<Url> session_;
  std::uint64_t least_ = 0;   ///< the smallest chunk that the registry wants, but for the last
  std::uint64_t offset_ = 0;  ///< what the registry has of the blob
  std::uint64_t sent_ = 0;    ///< the most that it can have
  bool rewound_ = false;      ///< it was asked once in this session after it had refused a place

  std::unique_ptr<ByteSource> body_;
  std::uint64_t position_ = 0;  ///< what was read of `body_`
};

/// How much longer than usual a registry may think about a request with so many bytes.
[[nodiscard]] std::chrono::seconds time_to_store(std::uint64_t bytes);

}  // namespace ociferry
