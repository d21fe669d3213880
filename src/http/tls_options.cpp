#include "http/tls_options.hpp"

#include <openssl/crypto.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

namespace ociferry {

namespace {

/// The names of the context's ciphers that are of TLS 1.3, or of older versions, as OpenSSL takes a list of them.
std::string cipher_list(const std::vector<const SSL_CIPHER*>& ciphers, bool of_tls13) {
  std::string list;
  for (const SSL_CIPHER* const cipher : ciphers) {
    if ((std::string_view(SSL_CIPHER_get_version(cipher)) == "TLSv1.3") != of_tls13) continue;
    if (!list.empty()) list += ':';
    list += SSL_CIPHER_get_name(cipher);
  }
  return list;
}

bool cpu_has_aes() {
  static const bool has = [] {
    const char* const settings = OPENSSL_info(OPENSSL_INFO_CPU_SETTINGS);
    return settings == nullptr || has_aes_instructions(settings);
  }();
  return has;
}

}  // namespace

bool has_aes_instructions(std::string_view cpu_settings) {
  struct Kind {
    std::string_view name;
    unsigned bit;
  };
  for (const Kind kind : {Kind{"OPENSSL_ia32cap=0x", 57}, Kind{"OPENSSL_armcap=0x", 2}}) {
    if (!cpu_settings.starts_with(kind.name)) continue;
    const std::string_view digits = cpu_settings.substr(kind.name.size());
    std::uint64_t bits = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
    return read.ec != std::errc{} || ((bits >> kind.bit) & 1) == 1;
  }
  return true;
}

void prefer_chacha20(SSL_CTX& context) {
  const STACK_OF(SSL_CIPHER)* const all = SSL_CTX_get_ciphers(&context);
  std::vector<const SSL_CIPHER*> ciphers;
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) ciphers.push_back(sk_SSL_CIPHER_value(all, i));
  std::stable_partition(ciphers.begin(), ciphers.end(), [](const SSL_CIPHER* cipher) {
    return SSL_CIPHER_get_cipher_nid(cipher) == NID_chacha20_poly1305;
  });
  // Cannot fail: the names come from OpenSSL.
  if (const std::string list = cipher_list(ciphers, true); !list.empty()) {
    SSL_CTX_set_ciphersuites(&context, list.c_str());
  }
  if (const std::string list = cipher_list(ciphers, false); !list.empty()) {
    SSL_CTX_set_cipher_list(&context, list.c_str());
  }
}

void set_tls_options(SSL_CTX& context) noexcept {
  // libcurl disables TLS 1.2 tickets, but some servers resume sessions only by ticket.
  SSL_CTX_clear_options(&context, SSL_OP_NO_TICKET);
  try {
    if (!cpu_has_aes()) prefer_chacha20(context);
  } catch (...) {
    return;  // out of memory: keeps the default order
  }
}

}  // namespace ociferry
