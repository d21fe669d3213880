#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/threads.hpp"
#include "store/blob_place.hpp"
#include "store/piece_map.hpp"
#include "store/slow_stream.hpp"
#include "store/store.hpp"
#include "stream/verify.hpp"

namespace ociferry {

class PiecewiseFetch;

/// The current blobs that may be divided. Thread-safe.
class PieceBoard {
 public:
  explicit PieceBoard(const PieceRules& rules = {}, SlowStream slow = {}) : rules_(rules), slow_(slow) {}

  /// Fetches a piece of one of the blobs; blocks. See BlobTarget::help.
  Help help() noexcept;
  /// Stops dividing blobs.
  void close();

 private:
  friend class PiecewiseFetch;
  void add(PiecewiseFetch& blob);
  void remove(PiecewiseFetch& blob);

  PieceRules rules_;
  SlowStream slow_;
  std::mutex mutex_;
  std::vector<PiecewiseFetch*> blobs_;
  bool closed_ = false;
};

/// Fetches one blob into its place. The thread that runs it fetches the blob as one stream. Idle threads fetch pieces
/// of it over connections of their own, if its source supports ranges; the stream ends at the first piece, and its
/// thread fetches pieces, too. All is hashed in order; pieces are read back for that as soon as all before them is
/// complete. Once a piece is refused or fails, the stream fetches all that is missing.
class PiecewiseFetch {
 public:
  /// The first `there` bytes exist in the file. All but `stop` must outlive it.
  PiecewiseFetch(const BlobPlace& place, std::uint64_t there, const Descriptor& blob, BlobSource& from,
                 PieceBoard& board, Progress& progress, const std::stop_token& stop);
  PiecewiseFetch(const PiecewiseFetch&) = delete;
  PiecewiseFetch& operator=(const PiecewiseFetch&) = delete;
  ~PiecewiseFetch() = default;

  /// Blocks until all of the blob is in its place, size and digest checked. Throws what source and medium throw,
  /// Error{Corrupt}, Error{Interrupted}; then its progress is subtracted. If content from pieces is damaged, no other
  /// blob of the board is divided: the server may handle ranges wrongly.
  void run();

 private:
  friend class PieceBoard;
  class Stream;
  class PieceSink;
  /// Thrown to end a source early.
  struct Enough : std::exception {};

  /// Writes what passes in order to its place, unless it exists.
  class InOrder : public ByteSink, public JointHashing {
   public:
    enum class From { EarlierRun, Stream, Piece };
    explicit InOrder(PiecewiseFetch& fetch) : fetch_(fetch) {}
    void write(Bytes bytes) override;
    void update(Hasher& hasher, Bytes bytes) override;
    From from = From::EarlierRun;

   private:
    PiecewiseFetch& fetch_;
    std::uint64_t at_ = 0;
    std::uint64_t hashed_ = 0;  ///< of the thread that hashes
  };

  [[nodiscard]] std::optional<Piece> claim_for_helper();
  [[nodiscard]] bool is_slow() const;
  void fetch(const Piece& piece) noexcept;
  void bring(const Piece& piece, PieceSink& sink);
  void settle(const Piece& piece, PieceSink& sink);

  void fetch_in_order();
  void stream_on();
  [[nodiscard]] bool collect_pieces();
  void hash_front(std::unique_lock<std::mutex>& lock);
  void forget_pieces();
  void fail(std::exception_ptr failure);
  void end_pieces();
  void leave();

  const BlobPlace place_;
  const std::uint64_t there_;
  const Descriptor& blob_;
  BlobSource& from_;
  PieceBoard& board_;
  Progress& progress_;
  std::chrono::steady_clock::time_point begun_;
  CoreTime busy_;                                        ///< of the thread that runs this
  std::optional<std::chrono::nanoseconds> busy_before_;  ///< null: not known, or of no use
  std::stop_source stop_;
  std::stop_source pieces_stop_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  PieceMap map_;
  std::size_t changes_ = 0;   ///< of what follows, and of the map
  std::size_t fetching_ = 0;  ///< pieces that are being fetched
  bool hashing_ = true;       ///< a thread works at the front
  bool ended_ = false;        ///< there will be no more pieces
  bool divided_ = false;      ///< there were some
  std::exception_ptr failure_;

  std::atomic<std::int64_t> moved_{0};  ///< as reported to the progress
  std::int64_t skipped_ = 0;
  InOrder in_order_;
  VerifyingSink verified_;                             ///< used by the thread that has set `hashing_`
  std::stop_callback<std::function<void()>> forward_;  // last: they may call at once
  std::stop_callback<std::function<void()>> forward_pieces_;
};

}  // namespace ociferry
