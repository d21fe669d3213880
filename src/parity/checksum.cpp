#include "parity/checksum.hpp"

#include <algorithm>

namespace ociferry {

namespace {

std::byte nibble_of(char digit) { return static_cast<std::byte>(digit <= '9' ? digit - '0' : digit - 'a' + 10); }

}  // namespace

RawDigest raw_digest(const Digest& digest) {
  RawDigest raw{};
  const std::string_view hex = digest.hex();
  for (std::size_t i = 0; i < raw.size(); ++i) raw[i] = (nibble_of(hex[2 * i]) << 4) | nibble_of(hex[2 * i + 1]);
  return raw;
}

RawDigest raw_digest_of(Bytes bytes) { return raw_digest(sha256(as_text(bytes))); }

Checksum first_half(const Digest& digest) {
  const RawDigest raw = raw_digest(digest);
  Checksum checksum{};
  std::copy_n(raw.begin(), checksum.size(), checksum.begin());
  return checksum;
}

RawDigest root_of(const std::vector<Checksum>& checksums, std::uint64_t blocks) {
  return raw_digest_of(std::as_bytes(std::span(checksums).first(static_cast<std::size_t>(blocks))));
}

void BlockSums::update(Bytes bytes) {
  while (!bytes.empty()) {
    if (!hasher_) hasher_.emplace();
    const std::size_t size = std::min<std::size_t>(bytes.size(), block_bytes_ - begun_);
    hasher_->update(bytes.first(size));
    begun_ += static_cast<std::uint32_t>(size);
    bytes = bytes.subspan(size);
    if (begun_ == block_bytes_) finish();
  }
}

void BlockSums::finish() {
  if (!hasher_) return;
  *next_++ = first_half(hasher_->finish());
  hasher_.reset();
  begun_ = 0;
}

}  // namespace ociferry
