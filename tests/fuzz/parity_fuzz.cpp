// A parity file of any bytes is refused, or describes a possible archive; what is left of it is read without harm.

#include <memory>

#include "fuzz.hpp"
#include "ociferry/error.hpp"
#include "parity/damage.hpp"
#include "parity/patchwork_medium.hpp"

using namespace ociferry;

namespace {

/// The input as a medium.
class FuzzMedium : public Medium {
 public:
  explicit FuzzMedium(std::string bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, MutableBytes buffer) const override {
    if (offset >= bytes_.size()) return 0;
    const std::size_t got = std::min<std::size_t>(buffer.size(), bytes_.size() - static_cast<std::size_t>(offset));
    std::ranges::copy(as_bytes(bytes_).subspan(static_cast<std::size_t>(offset), got), buffer.begin());
    return got;
  }

 private:
  std::string name_ = "input";
  std::string bytes_;
};

/// The bytes with a right digest behind the first page, so that numbers are tried, not only digests.
std::string with_digest(std::string bytes) {
  if (bytes.size() < kParityPage) bytes.resize(kParityPage);
  const std::size_t end = kParityPage - sizeof(RawDigest);
  const RawDigest digest = raw_digest_of(as_bytes(bytes).first(end));
  std::ranges::copy(as_text(digest), bytes.begin() + static_cast<std::ptrdiff_t>(end));
  return bytes;
}

void check_parity(const std::string& bytes) {
  const auto medium = std::make_shared<FuzzMedium>(bytes);
  const auto header = find_parity_header(*medium, HeaderSearch::Everywhere, {});
  if (!header) return;
  const ParityShape& shape = header->shape;
  testing::require(shape.columns * shape.column_bytes() >= shape.archive_bytes, "the columns hold the archive");
  testing::require(parse_parity_header(to_page(*header)) == *header, "a header has one form");
  const ParityLayout layout(shape);
  testing::require(layout.headers()[2] > layout.tables()[1] && layout.tables()[1] > layout.headers()[1],
                   "the parts of a file lie one behind the other");
  testing::require(layout.total_bytes() > shape.parity_columns * shape.column_bytes(), "all parity is in it");
  // Reading what a small file lacks takes time, and tells nothing new.
  if (shape.blocks() + shape.parity_blocks() > 4096) return;
  const ParityFile parity(medium, *header);
  const PatchworkMedium nothing("nothing", shape.archive_bytes, {});
  const BlockDamage damage = find_damage(nothing, parity, {silent_progress()});
  testing::require(damage.data_lost == shape.blocks(), "of nothing, everything is lost");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(testing::fuzz_text(data, size));
  for (const std::string& one : {bytes, with_digest(bytes)}) {
    try {
      check_parity(one);
    } catch (const Error& error) {
      const ErrorCode code = error.code();
      testing::require(code == ErrorCode::Corrupt || code == ErrorCode::Hostile, "a refusal says what is wrong");
    }
  }
  return 0;
}
