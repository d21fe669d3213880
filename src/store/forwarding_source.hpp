#pragma once

#include <memory>
#include <utility>

#include "store/store.hpp"

namespace ociferry {

/// Forwards every call to another source. Derive from it to answer some of them otherwise.
class ForwardingSource : public BlobSource {
 public:
  explicit ForwardingSource(std::shared_ptr<BlobSource> inner) : inner_(std::move(inner)) {}

  [[nodiscard]] std::unique_ptr<ByteSource> open(const Descriptor& blob, std::uint64_t offset,
                                                 std::stop_token stop) override {
    return inner_->open(blob, offset, std::move(stop));
  }
  void fetch(const Descriptor& blob, ByteSink& sink, std::stop_token stop) override {
    inner_->fetch(blob, sink, std::move(stop));
  }
  [[nodiscard]] bool fetch_range(const Descriptor& blob, std::uint64_t begin, std::uint64_t end, ByteSink& sink,
                                 std::stop_token stop) override {
    return inner_->fetch_range(blob, begin, end, sink, std::move(stop));
  }
  [[nodiscard]] std::optional<RepositoryName> home() const override { return inner_->home(); }
  [[nodiscard]] std::optional<RepositoryName> mountable_from() const override { return inner_->mountable_from(); }
  [[nodiscard]] bool is_mount_certain() const override { return inner_->is_mount_certain(); }
  [[nodiscard]] std::string name_of(const Digest& blob) const override { return inner_->name_of(blob); }

 private:
  std::shared_ptr<BlobSource> inner_;
};

}  // namespace ociferry
