#include "stream/base64.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <limits>

#include "ociferry/error.hpp"

namespace ociferry {

namespace {

bool is_in_alphabet(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
}

/// OpenSSL takes sizes as int.
int checked_size(std::size_t size) {
  if (size <= std::numeric_limits<int>::max() / 2) return static_cast<int>(size);
  throw Error(ErrorCode::Internal, "too much for base64");
}

}  // namespace

std::string base64_encoded(std::string_view bytes) {
  const int size = checked_size(bytes.size());
  std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock writes a zero byte behind the text
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()), size);
  out.resize(static_cast<std::size_t>(length));
  return out;
}

std::optional<std::string> base64_decoded(std::string_view text) {
  // EVP_DecodeBlock skips white space, and requires whole groups.
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1 || !std::ranges::all_of(text, is_in_alphabet)) return std::nullopt;
  std::string groups(text);
  groups.resize((text.size() + 3) / 4 * 4, '=');
  std::string out(groups.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(groups.data()), checked_size(groups.size()));
  if (length < 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(length) - (groups.size() - text.size()));
  return out;
}

std::optional<std::string> base64url_decoded(std::string_view text) {
  std::string standard(text);
  if (standard.find_first_of("+/") != std::string::npos) return std::nullopt;
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  return base64_decoded(standard);
}

}  // namespace ociferry
