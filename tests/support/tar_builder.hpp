#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace ociferry::testing {

/// The fields of a tar header, free to be wrong. Numbers that are given as text are written as they are.
struct RawTarHeader {
  std::string name;
  char type = '0';
  std::string link = {};
  std::uint64_t size = 0;
  unsigned mode = 0644;
  std::int64_t mtime = 0;
  std::string magic = std::string(
      "ustar\0"
      "00",
      8);
  std::string mode_field = {};
  std::string size_field = {};
  std::string checksum_field = {};
};

[[nodiscard]] inline std::string octal(std::uint64_t value, int digits) {
  char text[32];
  std::snprintf(text, sizeof text, "%0*llo", digits, static_cast<unsigned long long>(value));
  return text;
}

/// Content padded with zeros to whole blocks of 512 bytes.
[[nodiscard]] inline std::string padded(std::string_view content) {
  std::string out(content);
  out.resize((out.size() + 511) / 512 * 512, '\0');
  return out;
}

[[nodiscard]] inline std::string raw_header(const RawTarHeader& header) {
  std::string block(512, '\0');
  const auto put = [&block](std::size_t at, std::string_view text) { block.replace(at, text.size(), text); };
  put(0, std::string_view(header.name).substr(0, 100));
  put(100, header.mode_field.empty() ? octal(header.mode, 7) : header.mode_field);
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, header.size_field.empty() ? octal(header.size, 11) : header.size_field);
  put(136, octal(static_cast<std::uint64_t>(header.mtime), 11));
  put(148, "        ");
  block[156] = header.type;
  put(157, std::string_view(header.link).substr(0, 100));
  put(257, header.magic);
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put(148, header.checksum_field.empty() ? octal(sum, 6) + '\0' : header.checksum_field);
  return block;
}

/// One PAX record, "LENGTH KEY=VALUE\n", with the length that it takes.
[[nodiscard]] inline std::string pax_record(const std::string& key, const std::string& value) {
  const std::size_t fixed = key.size() + value.size() + 3;
  std::size_t length = fixed + 1;
  while (length != fixed + std::to_string(length).size()) length = fixed + std::to_string(length).size();
  return std::to_string(length) + " " + key + "=" + value + "\n";
}

/// Builds a tar member by member, good ones and hostile ones.
class TarBuilder {
 public:
  TarBuilder& raw(std::string_view bytes) {
    tar_ += bytes;
    return *this;
  }
  TarBuilder& member(const RawTarHeader& header, std::string_view content = {}) {
    return raw(raw_header(header)).raw(padded(content));
  }
  TarBuilder& file(const std::string& name, std::string_view content, unsigned mode = 0644, std::int64_t mtime = 0) {
    return member({.name = name, .size = content.size(), .mode = mode, .mtime = mtime}, content);
  }
  TarBuilder& directory(const std::string& name) { return member({.name = name, .type = '5', .mode = 0755}); }
  TarBuilder& symlink(const std::string& name, const std::string& target) {
    return member({.name = name, .type = '2', .link = target});
  }
  TarBuilder& hardlink(const std::string& name, const std::string& target) {
    return member({.name = name, .type = '1', .link = target});
  }
  TarBuilder& pax(const std::string& records, char type = 'x') {
    return member({.name = "PaxHeaders/x", .type = type, .size = records.size()}, records);
  }
  /// A GNU header for a long name ('L') or link target ('K').
  TarBuilder& gnu_long(char type, const std::string& name) {
    const std::string body = name + '\0';
    return member({.name = "././@LongLink", .type = type, .size = body.size(), .magic = std::string("ustar  \0", 8)},
                  body);
  }
  /// The members without the end of the archive.
  [[nodiscard]] const std::string& members() const { return tar_; }
  [[nodiscard]] std::string tar() const { return tar_ + std::string(1024, '\0'); }

 private:
  std::string tar_;
};

}  // namespace ociferry::testing
