#include "random_loss.hpp"

#include <memory>
#include <set>
#include <stdexcept>

#include "memory_medium.hpp"
#include "parity/rebuild.hpp"
#include "parity/write_parity.hpp"
#include "support/seed.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

namespace {

/// Byte ranges that are to be lost, and how.
struct Wound {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
};

class RandomLoss {
 public:
  explicit RandomLoss(std::uint64_t seed)
      : dice_(seed),
        percent_(static_cast<unsigned>(dice_.one_in(3) ? 1 + dice_.below(100) : 1 + dice_.below(20))),
        original_(random_bytes(1 + dice_.below(dice_.one_in(4) ? 3000 : 60'000), seed)),
        shape_(choose_parity_shape(original_.size(), percent_, std::uint32_t{64} << dice_.below(4))),
        layout_(shape_),
        archive_(original_),
        parity_(std::make_shared<MemoryMedium>(layout_.total_bytes())) {
    write_parity(archive_, shape_, {}, *parity_, watch_);
    whole_parity_ = parity_->bytes();
  }

  LossResult run() {
    const bool is_covered = wound();
    const bool is_within = is_within_margin();
    if (is_covered && !is_within) throw std::runtime_error("what must be covered is beyond the margin");
    LossResult result;
    const auto header = find_parity_header(*parity_, HeaderSearch::Everywhere, {});
    if (!header) throw std::runtime_error("no header was found");
    const ParityFile file(parity_, *header);
    const BlockDamage damage = find_damage(archive_, file, watch_);
    if (damage.can_be_repaired() != is_within) {
      throw std::runtime_error(is_within ? "what is within the margin was refused" : "what is beyond was not refused");
    }
    if (!is_within) {
      ++result.refused;
      return result;
    }
    MemoryMedium output(shape_.archive_bytes);
    rebuild(archive_, file, damage, output, watch_);
    if (output.bytes() != original_) throw std::runtime_error("the repaired archive has other bytes");
    if (check_rebuilt(output, file, watch_) != sha256(original_)) throw std::runtime_error("it has another digest");
    result.repaired = 1;
    result.with_bad_parity = damage.parity_lost > 0 || file.damaged_pages() > 0 ? 1 : 0;
    result.blocks_computed = static_cast<std::size_t>(damage.data_lost);
    return result;
  }

 private:
  /// Loses something. True if it must be within the margin, whatever lies where.
  bool wound() {
    switch (dice_.below(8)) {
      case 0:  // a volume, or a run of bad sectors, of just so many percent
        lose_in_archive({dice_.below(original_.size()), original_.size() * percent_ / 100});
        return true;
      case 1:  // the end of the archive
        cut_archive(original_.size() - original_.size() * percent_ / 100);
        return true;
      case 2:  // no more blocks than a row has of parity, anywhere
        for (std::uint32_t i = 0; i < shape_.parity_columns; ++i) lose_in_archive({dice_.below(original_.size()), 1});
        return true;
      case 3:  // the same of archive and parity
        for (std::uint32_t i = 0; i < shape_.parity_columns; ++i) lose_block_of_either();
        damage_pages();
        return true;
      case 4: scatter(1 + dice_.below(2 + shape_.blocks() * percent_ / 100)); return false;
      case 5:
        scatter(1 + dice_.below(shape_.blocks()));
        damage_pages();
        return false;
      case 6:  // the front of the parity, and something of the archive
        lose_in_parity({0, dice_.below(whole_parity_.size() / 2)});
        scatter(1 + dice_.below(shape_.parity_columns));
        return false;
      default:
        for (std::uint64_t runs = 1 + dice_.below(4); runs > 0; --runs) {
          lose_in_archive({dice_.below(original_.size()), 1 + dice_.below(original_.size() * percent_ / 50 + 1)});
        }
        return false;
    }
  }

  void scatter(std::uint64_t count) {
    for (; count > 0; --count) {
      dice_.one_in(8) ? lose_block_of_either() : lose_in_archive({dice_.below(original_.size()), 1 + dice_.below(9)});
    }
  }

  void lose_block_of_either() {
    if (dice_.one_in(2)) return lose_in_archive({dice_.below(original_.size()), 1});
    const std::uint64_t column = dice_.below(shape_.parity_columns);
    const std::uint64_t at = layout_.column_at(static_cast<std::uint32_t>(column)) + dice_.below(shape_.column_bytes());
    lose_in_parity({at, 1});
  }

  /// One copy of pages of checksums, and two of the headers.
  void damage_pages() {
    const std::uint64_t copy = layout_.tables()[dice_.below(2)];
    for (std::uint64_t count = dice_.below(3); count > 0; --count) {
      lose_in_parity({copy + dice_.below(layout_.table_pages() * kParityPage), 1});
    }
    const std::uint64_t kept = dice_.below(3);
    for (std::uint64_t i = 0; i < 3; ++i) {
      if (i != kept) lose_in_parity({layout_.headers()[i] + dice_.below(kParityPage), 1});
    }
  }

  void lose_in_archive(Wound wound) { lose(archive_, original_, wound); }
  void lose_in_parity(Wound wound) { lose(*parity_, whole_parity_, wound); }
  /// Other bytes, or none that can be read.
  void lose(MemoryMedium& medium, const std::string& whole, Wound wound) {
    wound.size = std::min<std::uint64_t>(wound.size, whole.size() - wound.offset);
    const bool is_unreadable = dice_.one_in(3);
    for (std::uint64_t at = wound.offset; at < wound.offset + wound.size; ++at) {
      const auto change = static_cast<char>(1 + dice_.below(255));
      medium.bytes()[at] = static_cast<char>(whole[at] ^ change);
      (&medium == &archive_ ? lost_bytes_ : lost_parity_bytes_).insert(at);
    }
    if (is_unreadable) medium.make_unreadable(wound.offset, wound.size);
  }
  void cut_archive(std::uint64_t size) {
    archive_.bytes().resize(size);
    for (std::uint64_t at = size; at < original_.size(); ++at) lost_bytes_.insert(at);
  }

  static bool has_any(const std::set<std::uint64_t>& lost, std::uint64_t offset, std::uint64_t size) {
    const auto next = lost.lower_bound(offset);
    return next != lost.end() && *next < offset + size;
  }

  /// True if no copy has the checksum whole.
  [[nodiscard]] bool is_checksum_lost(std::uint64_t entry) const {
    const std::uint64_t page = entry / kPageChecksums * kParityPage;
    return has_any(lost_parity_bytes_, layout_.tables()[0] + page, kParityPage) &&
           has_any(lost_parity_bytes_, layout_.tables()[1] + page, kParityPage);
  }

  /// The rule, as it is written down: no row has lost more blocks than it has of parity.
  [[nodiscard]] bool is_within_margin() const {
    for (std::uint64_t row = 0; row < shape_.rows; ++row) {
      std::uint64_t lost_data = 0;
      std::uint64_t lost_parity = 0;
      for (std::uint64_t column = 0; column < shape_.columns; ++column) {
        const std::uint64_t block = column * shape_.rows + row;
        const std::uint64_t offset = block * shape_.block_bytes;
        if (offset >= original_.size()) continue;
        const bool is_lost = has_any(lost_bytes_, offset, shape_.block_bytes) || is_checksum_lost(block);
        lost_data += is_lost ? 1 : 0;
      }
      for (std::uint32_t column = 0; column < shape_.parity_columns; ++column) {
        const std::uint64_t offset = layout_.column_at(column) + row * shape_.block_bytes;
        const bool is_lost = has_any(lost_parity_bytes_, offset, shape_.block_bytes) ||
                             is_checksum_lost(shape_.blocks() + column * shape_.rows + row);
        lost_parity += is_lost ? 1 : 0;
      }
      if (lost_data > 0 && lost_data + lost_parity > shape_.parity_columns) return false;
    }
    return true;
  }

  Dice dice_;
  unsigned percent_;
  std::string original_;
  ParityShape shape_;
  ParityLayout layout_;
  ParityWatch watch_{silent_progress()};
  MemoryMedium archive_;
  std::shared_ptr<MemoryMedium> parity_;
  std::string whole_parity_ = {};
  std::set<std::uint64_t> lost_bytes_ = {};
  std::set<std::uint64_t> lost_parity_bytes_ = {};
};

}  // namespace

LossResult repair_random_loss(std::uint64_t seed) { return RandomLoss(seed).run(); }

}  // namespace ociferry::testing
