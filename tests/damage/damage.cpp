#include "damage.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

namespace {

constexpr std::uint64_t kBlock = 512;

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;
  [[nodiscard]] std::string text() const { return ociferry::text::cat("[", begin, ", ", begin + size, ")"); }
};

/// Damage of one archive, thrown by dice.
class Thrower {
 public:
  Thrower(const SealedSample& sample, Dice& dice, const std::string& where)
      : sample_(sample), dice_(dice), where_(where), blocks_(dice.one_in(2)), bytes_(sample.bytes) {}

  Damage operator()(DamageKind kind) {
    Damage damage{.kind = kind, .where = where_, .what = apply(kind), .bytes = {}};
    damage.what = text::cat(to_string(kind), " ", damage.what);
    damage.bytes = std::move(bytes_);
    return damage;
  }

 private:
  std::string apply(DamageKind kind) {
    switch (kind) {
      case DamageKind::Flip: return flip();
      case DamageKind::Cut: return cut();
      case DamageKind::Swap: return swap();
      case DamageKind::Duplicate: return duplicate();
      case DamageKind::Insert: return insert();
      case DamageKind::Remove: return remove();
      case DamageKind::Zero: return zero();
      case DamageKind::Append: return append();
    }
    return "";
  }

  /// A place in a region of the kind asked for.
  std::uint64_t place() {
    std::vector<const Region*> fitting;
    for (const Region& region : sample_.regions) {
      if (region.kind == where_ && region.begin < region.end) fitting.push_back(&region);
    }
    const Region& region = *dice_.pick(fitting);
    const std::uint64_t at = region.begin + dice_.below(region.end - region.begin);
    return blocks_ ? at / kBlock * kBlock : at;
  }

  std::uint64_t length(std::uint64_t most) {
    const std::uint64_t bytes = 1 + dice_.below(dice_.one_in(2) ? 64 : 4 * kBlock);
    return std::min(most, blocks_ ? (bytes + kBlock - 1) / kBlock * kBlock : bytes);
  }

  Range range() {
    const std::uint64_t begin = place();
    return {begin, length(bytes_.size() - begin)};
  }

  std::string flip() {
    const std::uint64_t at = place() + (blocks_ ? dice_.below(kBlock) : 0);
    const auto mask = static_cast<char>(1 + dice_.below(255));
    bytes_[at] = static_cast<char>(bytes_[at] ^ mask);
    return text::cat("byte ", at);
  }

  std::string cut() {
    bytes_.resize(place());
    return text::cat("to ", bytes_.size(), " bytes");
  }

  std::string swap() {
    Range a = range();
    Range b{dice_.below(bytes_.size() - a.size + 1), a.size};
    if (blocks_) b.begin = b.begin / kBlock * kBlock;
    if (a.begin > b.begin) std::swap(a, b);
    const std::uint64_t apart = std::min(a.size, b.begin - a.begin);  // no overlap: a is cut short
    std::swap_ranges(at(a.begin), at(a.begin + apart), at(b.begin));
    return text::cat("of ", apart, " bytes at ", a.begin, " and ", b.begin);
  }

  std::string duplicate() {
    const Range twice = range();
    bytes_.insert(twice.begin + twice.size, sample_.bytes.substr(twice.begin, twice.size));
    return twice.text();
  }

  std::string insert() {
    const Range in = range();
    bytes_.insert(in.begin, dice_.one_in(2) ? random_bytes(in.size, dice_.below(1000)) : std::string(in.size, '\0'));
    return text::cat(in.size, " bytes at ", in.begin);
  }

  std::string remove() {
    const Range out = range();
    bytes_.erase(out.begin, out.size);
    return out.text();
  }

  std::string zero() {
    const Range range = this->range();
    bytes_.replace(range.begin, range.size, range.size, '\0');
    return range.text();
  }

  std::string append() {
    const std::uint64_t more = length(1 << 20);
    switch (dice_.below(3)) {
      case 0: bytes_.append(more, '\0'); return text::cat(more, " zero bytes");
      case 1: bytes_ += random_bytes(more, dice_.below(1000)); return text::cat(more, " bytes of junk");
      default: bytes_ += sample_.bytes; return "the archive itself";
    }
  }

  std::string::iterator at(std::uint64_t position) { return bytes_.begin() + static_cast<std::ptrdiff_t>(position); }

  const SealedSample& sample_;
  Dice& dice_;
  std::string where_;
  bool blocks_;
  std::string bytes_;
};

/// Without its seal, and otherwise whole, an archive is a layout as other tools write them, and read as such.
bool is_unsealed(const SealedSample& sample, const std::string& bytes) {
  const auto seal = std::ranges::find(sample.regions, "ociferry.json", &Region::member);
  const auto after = std::ranges::find_if(seal, sample.regions.end(),
                                          [](const Region& region) { return region.member != "ociferry.json"; });
  return bytes == sample.bytes.substr(0, seal->begin) + sample.bytes.substr(after->begin);
}

}  // namespace

std::string_view to_string(DamageKind kind) {
  constexpr std::array<std::string_view, kDamageKinds.size()> kNames{"flip",   "cut",    "swap", "duplicate",
                                                                     "insert", "remove", "zero", "append"};
  return kNames.at(static_cast<std::size_t>(kind));
}

Damage make_damage(const SealedSample& sample, std::uint64_t seed, std::uint64_t number) {
  Dice dice(seed * 1'000'003 + number);
  const std::string& where = sample.kinds[number / kDamageKinds.size() % sample.kinds.size()];
  while (true) {
    Damage damage = Thrower(sample, dice, where)(kDamageKinds.at(number % kDamageKinds.size()));
    // Zeros over zeros, or two equal blocks that changed places, are no damage.
    if (damage.bytes != sample.bytes && !is_unsealed(sample, damage.bytes)) return damage;
    // What is zero stays zero, whatever the range; another place then.
    if (dice.one_in(50)) return Thrower(sample, dice, where)(DamageKind::Flip);
  }
}

}  // namespace ociferry::testing
