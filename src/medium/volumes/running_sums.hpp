#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "stream/sha256.hpp"

namespace ociferry {

/// The sums of volumes while these are written, in any order. Each volume is hashed from its beginning on: together
/// with the blob that is written there, or, for bytes that were written before their turn, by a thread that reads them
/// while others download. The caller hashes the rest at the end: what was written twice, or not at all in this run.
/// Thread-safe.
class RunningSums {
 public:
  /// Fills `buffer` with what was written, from `offset` on. Throws Error.
  using Read = std::function<void(std::uint64_t offset, MutableBytes buffer)>;

  /// `ends`: where each volume ends; the first one begins at 0.
  explicit RunningSums(const std::vector<std::uint64_t>& ends);
  RunningSums(const RunningSums&) = delete;
  RunningSums& operator=(const RunningSums&) = delete;
  ~RunningSums() { stop(); }

  /// Call before the first write. `read` is used until stop().
  void start(Read read);
  /// These bytes are there now.
  void wrote(std::uint64_t offset, std::uint64_t size);
  /// Updates `hasher` with `bytes`, which are there, and volumes whose turn it is.
  void hash_jointly(std::uint64_t offset, Bytes bytes, Hasher& hasher);

  /// A volume of which the first `bytes` bytes are hashed.
  struct Begun {
    std::uint64_t bytes = 0;
    Hasher hasher = Hasher();
  };
  /// Ends the thread. May be called again.
  void stop();
  /// The hashed beginning of each volume. Call once, when all is written.
  [[nodiscard]] std::vector<Begun> take();

 private:
  struct Volume {
    std::uint64_t begin;
    std::uint64_t end;
    std::uint64_t front;    ///< up to here it is hashed
    std::uint64_t claimed;  ///< up to here it is being hashed: `front` if it is not
    bool is_lost = false;   ///< hashed bytes were replaced, or bytes cannot be read
    Hasher hasher = Hasher();
  };

  [[nodiscard]] std::vector<Volume>::iterator volume_at(std::uint64_t offset);
  void note_written(std::uint64_t begin, std::uint64_t end);
  [[nodiscard]] std::uint64_t written_until(std::uint64_t offset) const;
  [[nodiscard]] bool claim(Volume& volume, std::uint64_t begin, std::uint64_t end, std::uint64_t most_between);
  void hash_range(Volume& volume, std::uint64_t end, std::vector<std::byte>& buffer);
  void settle(Volume& volume, bool is_good);
  void hash_in_volume(Volume& volume, std::uint64_t offset, Bytes bytes, Hasher& hasher);
  [[nodiscard]] bool is_worth_following(const Volume& volume, std::uint64_t least) const;
  [[nodiscard]] Volume* next_volume(const Volume* last);
  void follow();

  Read read_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Volume> volumes_;
  std::map<std::uint64_t, std::uint64_t> written_;  ///< begin and end of what was written, joined
  bool has_ended_ = false;
  std::vector<std::byte> buffer_;  ///< of the thread
  std::jthread follower_;
};

}  // namespace ociferry
