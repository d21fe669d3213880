#pragma once

#include <memory>
#include <optional>

#include "base/idle_cores.hpp"
#include "ociferry/descriptor.hpp"
#include "stream/background_hasher.hpp"
#include "stream/sha256.hpp"

namespace ociferry {

/// Counts and hashes a stream while passing it on. The last bytes are passed on only after size and digest are
/// verified, so that a damaged blob is never complete. Throws Error{Corrupt} naming `where`.
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

/// Hashes the bytes of a stream for another purpose, too, while they are at hand.
class JointHashing {
 public:
  virtual ~JointHashing() = default;
  /// Updates `hasher` with `bytes`, which come in order. Called by one thread at a time.
  virtual void update(Hasher& hasher, Bytes bytes) = 0;
};

/// Passes bytes on to `inner` while counting and hashing them. Refuses more than the expected size at once;
/// `finish` must be called at the end. Throws Error{Corrupt} naming `where`. A long stream is hashed on a thread of its
/// own if this process has fewer streams than cores, and the machine a core without work.
class VerifyingSink : public ByteSink {
 public:
  /// `joint` also hashes what is written, unless null. Both must outlive it.
  VerifyingSink(ByteSink& inner, const Descriptor& expected, std::string where, JointHashing* joint = nullptr);
  VerifyingSink(const VerifyingSink&) = delete;
  VerifyingSink& operator=(const VerifyingSink&) = delete;
  ~VerifyingSink() override;
  void write(Bytes bytes) override;
  /// Checks size and digest. Call exactly once, after the last write.
  void finish();
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

 private:
  void hash(Bytes bytes);
  void hash_now(Bytes bytes);
  [[nodiscard]] bool is_worth_a_thread();

  ByteSink& inner_;
  Descriptor expected_;
  std::string where_;
  Hasher hasher_;
  JointHashing* joint_;                         ///< may be null
  std::optional<BackgroundHasher> background_;  ///< hashes from then on
  std::uint64_t count_ = 0;
  std::uint64_t considered_at_ = 0;  ///< the count at the last decision about a thread
  IdleCores idle_cores_;
};

}  // namespace ociferry
