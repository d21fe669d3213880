#pragma once

#include <memory>

#include "ociferry/descriptor.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

/// Passes a stream on while counting and hashing it. The last bytes are handed out only when size and digest
/// have proved right, so a damaged blob never arrives whole. Throws Error{Corrupt} naming `where`.
class VerifyingSource : public ByteSource {
 public:
  VerifyingSource(std::unique_ptr<ByteSource> inner, const Descriptor& expected, std::string where);
  [[nodiscard]] std::size_t read(MutableBytes buffer) override;

 private:
  std::unique_ptr<ByteSource> inner_;
  Descriptor expected_;
  std::string where_;
  Hasher hasher_;
  std::uint64_t count_ = 0;
  bool checked_ = false;
};

/// Passes bytes on to `inner` while counting and hashing them. Refuses more than the expected size at once;
/// `finish` must be called at the end. Throws Error{Corrupt} naming `where`.
class VerifyingSink : public ByteSink {
 public:
  VerifyingSink(ByteSink& inner, const Descriptor& expected, std::string where);
  void write(Bytes bytes) override;
  /// Checks size and digest. Call exactly once, after the last write.
  void finish();
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  ByteSink& inner_;
  Descriptor expected_;
  std::string where_;
  Hasher hasher_;
  std::uint64_t count_ = 0;
};

}  // namespace ociferry
