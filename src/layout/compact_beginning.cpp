#include "layout/compact_beginning.hpp"

#include <array>

#include "archive/packing.hpp"
#include "archive/tar_header.hpp"
#include "archive/tar_parser.hpp"
#include "archive/unpacker.hpp"
#include "ociferry/error.hpp"

namespace ociferry::compact {

namespace {

/// Reads a medium from the beginning on, also one of which more is to come.
class Beginning : public ByteSource {
 public:
  explicit Beginning(const Medium& medium) : medium_(medium) {}
  [[nodiscard]] std::size_t read(MutableBytes buffer) override {
    const std::size_t got = medium_.read_at(offset_, buffer);
    offset_ += got;
    return got;
  }

 private:
  const Medium& medium_;
  std::uint64_t offset_ = 0;
};

}  // namespace

bool begins_compact(const Medium& medium) {
  std::array<std::byte, 6> head{};
  const std::size_t got = medium.read_at(0, head);
  if (packing_of(as_text(Bytes(head).first(got))) != "zstd") return false;
  Beginning packed(medium);
  try {
    Unpacker unpacker(packed, medium.name());
    std::array<std::byte, kTarBlock> block{};
    std::size_t have = 0;
    while (have < block.size()) {
      const std::size_t more = unpacker.read(MutableBytes(block).subspan(have));
      if (more == 0) return false;
      have += more;
    }
    return parse_tar_block(block).path == kHeaderFile;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::Io) throw;
    return false;  // whoever opens it says why
  }
}

}  // namespace ociferry::compact
