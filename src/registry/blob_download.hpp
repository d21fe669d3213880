#pragma once

#include <exception>
#include <functional>

#include "registry/connection.hpp"
#include "store/store.hpp"

namespace ociferry {

/// Where a blob is downloaded from.
struct DownloadPlace {
  std::string name;                          ///< for messages
  std::function<Retrier::Attempts()> tries;  ///< begins a budget of attempts
  std::function<Url(const std::stop_token&)> url;
  /// One attempt to send a request to that URL.
  std::function<Answer(Request, const std::stop_token&)> send;
};

/// The place of `blob` in a repository. `connection` must outlive it.
[[nodiscard]] DownloadPlace place_in(Connection& connection, const RepositoryName& name, const Digest& blob);

/// One download of a blob into a sink that sees each byte once, in order, however often the connection breaks.
class BlobDownload {
 public:
  /// `blob` and `sink` must outlive it. `delivered`: bytes that the sink has already.
  BlobDownload(DownloadPlace place, const Descriptor& blob, ByteSink& sink, std::stop_token stop,
               std::uint64_t delivered = 0);

  /// Blocks until all of the blob is in the sink. See Repository::fetch for what it throws.
  void run();
  /// Blocks until the sink has the bytes before `end`, asking for no others. False if the server does not say that it
  /// gives exactly these, or refuses to. Throws what `run` throws.
  [[nodiscard]] bool run_until(std::uint64_t end);
  /// Bytes that the sink has by now.
  [[nodiscard]] std::uint64_t delivered() const noexcept { return delivered_; }

 private:
  /// Between transport and sink: leaves out what an earlier attempt delivered, and stops at the blob's size.
  class Window : public ByteSink {
   public:
    explicit Window(BlobDownload& download) : download_(download) {}
    void write(Bytes bytes) override;

   private:
    BlobDownload& download_;
  };

  /// Thrown when the server gives something else than the range that it must give.
  struct RangeNotGiven : std::exception {};

  /// Throws what an answer ends with that is not all that was wanted.
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
  bool only_range_ = false;   ///< nothing but the bytes before `end_` is of use
  std::uint64_t skip_ = 0;    ///< of the running answer: bytes that the sink has already
  bool trust_ranges_ = true;  ///< until the server answers a Range with something else
  bool asked_range_ = false;
  Headers body_headers_;  ///< of the last answer with a body
};

}  // namespace ociferry
