#include "archive/packing.hpp"

#include <algorithm>
#include <array>

namespace ociferry {

namespace {

struct Magic {
  std::string_view bytes;
  std::string_view program;
};

// Split literals: a hexadecimal escape would take every digit that follows, and "\0" would end the literal.
constexpr std::array<Magic, 9> kMagics{{{"\x1f\x8b", "gzip"},
                                        {"\x28\xb5\x2f\xfd", "zstd"},
                                        {{"\xfd"
                                          "7zXZ\0",
                                          6},
                                         "xz"},
                                        {"BZh", "bzip2"},
                                        {"\x04\x22\x4d\x18", "lz4"},
                                        {"LZIP", "lzip"},
                                        {"PK\x03\x04", "zip"},
                                        {"7z\xbc\xaf\x27\x1c", "7z"},
                                        {"Rar!\x1a\x07", "rar"}}};

}  // namespace

std::string_view packing_of(std::string_view head) noexcept {
  const auto* const found =
      std::ranges::find_if(kMagics, [head](const Magic& magic) { return head.starts_with(magic.bytes); });
  return found == kMagics.end() ? std::string_view() : found->program;
}

}  // namespace ociferry
