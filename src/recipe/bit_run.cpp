#include "ociferry/error.hpp"
#include "recipe/gzip_recipe.hpp"

namespace ociferry {

void BitRunJoiner::append(const BitRun& run) {
  buffer_.clear();
  buffer_.reserve(run.bytes.size() + 1);
  const std::uint64_t whole = run.bits / 8;
  for (std::uint64_t i = 0; i < whole; ++i) {
    pending_ |= std::to_integer<std::uint32_t>(run.bytes[i]) << pending_bits_;
    buffer_.push_back(static_cast<std::byte>(pending_));
    pending_ >>= 8;
  }
  if (const auto rest = static_cast<unsigned>(run.bits % 8); rest > 0) {
    pending_ |= (std::to_integer<std::uint32_t>(run.bytes[whole]) & ((1U << rest) - 1)) << pending_bits_;
    pending_bits_ += rest;
    if (pending_bits_ >= 8) {
      buffer_.push_back(static_cast<std::byte>(pending_));
      pending_ >>= 8;
      pending_bits_ -= 8;
    }
  }
  out_.write(buffer_);
}

void BitRunJoiner::finish() {
  if (pending_bits_ != 0) throw Error(ErrorCode::Corrupt, "the recipes of a gzip stream do not end with a byte");
}

}  // namespace ociferry
