#pragma once

#include <exception>
#include <functional>

#include "registry/connection.hpp"
#include "store/store.hpp"

namespace ociferry {

/// A place to download a blob from.
struct DownloadPlace {
  std::string name;                          ///< for messages
  std::function<Retrier::Attempts()> tries;  ///< starts counting attempts
  std::function<Url(const std::stop_token&)> url;
  /// One attempt to send a request to that URL.
  std::function<Answer(Request, const std::stop_token&)> send;
};

/// The place of `blob` in a repository. `connection` must outlive it.
[[nodiscard]] DownloadPlace place_in(Connection& connection, const RepositoryName& name, const Digest& blob);

/// Downloads a blob, resuming after interruptions. The sink gets each byte once, in order.
class BlobDownload {
 public:
  /// `blob` and `sink` must outlive it. `delivered`: bytes that the sink already has.
  BlobDownload(DownloadPlace place, const Descriptor& blob, ByteSink& sink, std::stop_token stop,
               std::uint64_t delivered = 0);

  /// Blocks until all of the blob is in the sink. See Repository::fetch for what it throws.
  void run();
  /// Blocks until the sink has the bytes before `end`, and requests no others. False if the server does not confirm
  /// that range. Throws what `run` throws.
  [[nodiscard]] bool run_until(std::uint64_t end);
  /// Bytes that the sink has.
  [[nodiscard]] std::uint64_t delivered() const noexcept { return delivered_; }

 private:
  /// Drops what an earlier attempt delivered, and stops at the blob's size.
  class Window : public ByteSink {
   public:
    explicit Window(BlobDownload& download) : download_(download) {}
    void write(Bytes bytes) override;

   private:
    BlobDownload& download_;
  };

  /// Thrown when the response is not the requested range.
  struct RangeNotGiven : std::exception {};

  /// Throws the error for an incomplete response.
  [[noreturn]] void give_up(const Answer& answer) const;
  [[nodiscard]] Answer attempt();
  [[nodiscard]] std::string wanted_range() const;
  void begin_body(const Response& response);
  void check(const Answer& answer) const;
  [[nodiscard]] bool is_over(const Answer& answer) const;
  /// The error of a body that has `relation` ("more", "fewer") bytes than the blob.
  [[nodiscard]] Error wrong_size(std::string_view relation) const;
  [[nodiscard]] const std::string& place() const noexcept { return place_.name; }

  DownloadPlace place_;
  const Descriptor& blob_;
  ByteSink& sink_;
  std::stop_token stop_;
  std::uint64_t delivered_;
  std::uint64_t end_;
  bool only_range_ = false;   ///< only the bytes before `end_` are useful
  std::uint64_t skip_ = 0;    ///< of this response: bytes that the sink already has
  bool trust_ranges_ = true;  ///< until the server ignores a Range
  bool asked_range_ = false;
  Headers body_headers_;  ///< of the last response with a body
};

}  // namespace ociferry
