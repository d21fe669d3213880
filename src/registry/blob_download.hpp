#pragma once

#include "ociferry/store.hpp"
#include "registry/connection.hpp"

namespace ociferry {

/// One download of a blob into a sink that sees each byte once, in order, however often the connection breaks.
class BlobDownload {
 public:
  /// All but `stop` must outlive it.
  BlobDownload(Connection& connection, const RepositoryName& name, const Descriptor& blob, ByteSink& sink,
               std::stop_token stop);

  /// Blocks until all of the blob is in the sink. See Repository::fetch for what it throws.
  void run();

 private:
  /// Between transport and sink: leaves out what an earlier attempt delivered, and stops at the blob's size.
  class Window : public ByteSink {
   public:
    explicit Window(BlobDownload& download) : download_(download) {}
    void write(Bytes bytes) override;

   private:
    BlobDownload& download_;
  };

  [[nodiscard]] Answer attempt();
  void begin_body(const Response& response);
  void check(const Answer& answer) const;
  [[nodiscard]] bool is_over(const Answer& answer) const;
  [[nodiscard]] std::string place() const;

  Connection& connection_;
  const RepositoryName& name_;
  const Descriptor& blob_;
  ByteSink& sink_;
  std::stop_token stop_;
  std::uint64_t delivered_ = 0;
  std::uint64_t skip_ = 0;    ///< of the running answer: bytes that the sink has already
  bool trust_ranges_ = true;  ///< until the server answers a Range with something else
  bool asked_range_ = false;
};

}  // namespace ociferry
