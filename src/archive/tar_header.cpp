#include "archive/tar_header.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "base/text.hpp"

namespace ociferry {

namespace {

/// A field of the header block (POSIX.1-2008, pax, "ustar Header Block").
struct Field {
  std::size_t offset = 0;
  std::size_t size = 0;
};
constexpr Field kName{0, 100};
constexpr Field kMode{100, 8};
constexpr Field kUid{108, 8};
constexpr Field kGid{116, 8};
constexpr Field kSize{124, 12};
constexpr Field kTime{136, 12};
constexpr Field kChecksum{148, 8};
constexpr Field kType{156, 1};
constexpr Field kMagicAndVersion{257, 8};
constexpr Field kDevMajor{329, 8};
constexpr Field kDevMinor{337, 8};
constexpr Field kPrefix{345, 155};

constexpr char kPaxType = 'x';
constexpr char kGnuLongNameType = 'L';

enum class Format { Ustar, Pax, Gnu };

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string ascii_only(std::string_view text) {
  std::string out;
  std::ranges::copy_if(text, std::back_inserter(out), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return out;
}

std::string_view without_trailing_slashes(std::string_view text) {
  return text.substr(0, text.find_last_not_of('/') + 1);
}

/// An octal field ends in NUL, so it has one digit fewer than bytes.
bool fits_octal(Field field, std::uint64_t value) { return value >> (3 * (field.size - 1)) == 0; }

/// One header block, initially zero.
class Block {
 public:
  void set(Field field, std::string_view text) {
    text = text.substr(0, field.size);
    std::ranges::copy(text, bytes_.begin() + static_cast<std::ptrdiff_t>(field.offset));
  }
  /// A truncated name must not end in a slash: some readers would take the file for a directory.
  void set_name(std::string_view name) {
    set(kName, name.size() > kName.size ? without_trailing_slashes(name.substr(0, kName.size)) : name);
  }
  void set_octal(Field field, std::uint64_t value) {
    for (std::size_t i = field.size - 1; i-- > 0; value >>= 3) {
      bytes_[field.offset + i] = static_cast<char>('0' + (value & 7));
    }
  }
  /// GNU's form of a number that is too large: big endian, with the top bit set.
  void set_base256(Field field, std::uint64_t value) {
    for (std::size_t i = field.size; i-- > 0; value >>= 8) bytes_[field.offset + i] = static_cast<char>(value & 0xFF);
    bytes_[field.offset] = static_cast<char>(bytes_[field.offset] | '\x80');
  }
  void set_number(Field field, std::uint64_t value, Format format) {
    if (fits_octal(field, value)) return set_octal(field, value);
    if (format == Format::Gnu) return set_base256(field, value);
    set_octal(field, 0);  // a PAX record has the value
  }

  /// Completes the block: magic, and the checksum over all bytes with its own field as spaces.
  std::string finish(Format format) {
    using namespace std::string_view_literals;
    set(kMagicAndVersion, format == Format::Gnu ? "ustar  \0"sv
                                                : "ustar\0"
                                                  "00"sv);
    set(kChecksum, "        ");
    std::uint64_t sum = 0;
    for (const char c : bytes_) sum += static_cast<unsigned char>(c);
    set_octal({kChecksum.offset, kChecksum.size - 1}, sum);
    bytes_[kChecksum.offset + kChecksum.size - 2] = '\0';
    return std::move(bytes_);
  }

 private:
  std::string bytes_ = std::string(kTarBlock, '\0');
};

struct SplitName {
  std::string prefix;
  std::string name;
};

/// Splits an ASCII name between the header's two fields; nullopt if it does not fit.
std::optional<SplitName> split_name(const std::string& name) {
  if (name.size() <= kName.size) return SplitName{{}, name};
  const auto slash = name.rfind('/', kPrefix.size);
  if (slash == std::string::npos || slash == 0) return std::nullopt;
  const std::size_t rest = name.size() - slash - 1;
  if (rest == 0 || rest > kName.size) return std::nullopt;
  return SplitName{name.substr(0, slash), name.substr(slash + 1)};
}

/// The name of a member that one ustar header can hold; nullopt if none can.
std::optional<SplitName> ustar_name(const TarEntry& entry) {
  if (!fits_octal(kMode, entry.mode) || !fits_octal(kSize, entry.size) || !is_ascii(entry.name)) return std::nullopt;
  return split_name(entry.name);
}

Block entry_block(const TarEntry& entry, std::string_view name, Format format) {
  Block block;
  block.set_name(name);
  block.set_number(kMode, entry.mode, format);
  block.set_octal(kUid, 0);
  block.set_octal(kGid, 0);
  block.set_number(kSize, entry.size, format);
  block.set_octal(kTime, 0);
  block.set(kType, entry.type == TarType::Directory ? "5" : "0");
  block.set_octal(kDevMajor, 0);
  block.set_octal(kDevMinor, 0);
  return block;
}

/// A pseudo member with more attributes of the next member.
std::string extension(std::string_view name, char type, std::string data, Format format) {
  Block block;
  block.set(kName, without_trailing_slashes(name.substr(0, kName.size)));
  block.set_octal(kMode, 0);
  block.set_octal(kUid, 0);
  block.set_octal(kGid, 0);
  block.set_octal(kSize, data.size());
  block.set_octal(kTime, 0);
  block.set(kType, {&type, 1});
  data.append(tar_padding(data.size()), '\0');
  return block.finish(format) + data;
}

/// "<length> <key>=<value>\n", where the length counts its own digits.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = 0;
  for (std::size_t next = rest; next != length; next = rest + std::to_string(length).size()) length = next;
  return text::cat(length, " ", key, "=", value, "\n");
}

std::string pax_header(const TarEntry& entry) {
  std::string records;
  if (entry.name.size() > kName.size || !is_ascii(entry.name)) records += pax_record("path", entry.name);
  if (!fits_octal(kSize, entry.size)) records += pax_record("size", std::to_string(entry.size));
  const auto slash = entry.name.rfind('/');
  const std::size_t base = slash == std::string::npos ? 0 : slash + 1;
  const std::string name = ascii_only(entry.name.substr(0, base) + "PaxHeaders.0/" + entry.name.substr(base));
  return extension(name, kPaxType, std::move(records), Format::Pax) +
         entry_block(entry, ascii_only(entry.name), Format::Pax).finish(Format::Pax);
}

std::string gnu_header(const TarEntry& entry) {
  std::string out;
  if (entry.name.size() > kName.size) {
    out = extension("././@LongLink", kGnuLongNameType, entry.name + '\0', Format::Gnu);
  }
  return out + entry_block(entry, entry.name, Format::Gnu).finish(Format::Gnu);
}

}  // namespace

std::string tar_header(const TarEntry& entry) {
  if (!fits_octal(kMode, entry.mode)) return gnu_header(entry);
  const auto split = ustar_name(entry);
  if (!split) return pax_header(entry);
  Block block = entry_block(entry, split->name, Format::Ustar);
  block.set(kPrefix, split->prefix);
  return block.finish(Format::Ustar);
}

std::uint64_t tar_header_size(const TarEntry& entry) {
  return ustar_name(entry) ? kTarBlock : tar_header(entry).size();
}

}  // namespace ociferry
