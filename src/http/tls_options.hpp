#pragma once

#include <string_view>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace ociferry {

/// Sets what we want of TLS and libcurl does not set; the system's policy (openssl.cnf) still says what may be used.
void set_tls_options(ssl_ctx_st& context) noexcept;

/// Whether a processor has instructions for AES, by what OpenSSL says of it (OPENSSL_INFO_CPU_SETTINGS); true if that
/// is not understood. Without them AES takes five times as long as ChaCha20.
[[nodiscard]] bool has_aes_instructions(std::string_view cpu_settings);

/// Puts ChaCha20 before all other ciphers that the context has, which keep their order.
void prefer_chacha20(ssl_ctx_st& context);

}  // namespace ociferry
