#pragma once

#include <string_view>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace ociferry {

/// Sets TLS options that libcurl does not set, within the system's policy (openssl.cnf).
void set_tls_options(ssl_ctx_st& context) noexcept;

/// Whether the processor has AES instructions, by OPENSSL_INFO_CPU_SETTINGS; true if unknown. Without them, AES takes
/// five times as long as ChaCha20.
[[nodiscard]] bool has_aes_instructions(std::string_view cpu_settings);

/// Moves ChaCha20 before all other ciphers of the context.
void prefer_chacha20(ssl_ctx_st& context);

}  // namespace ociferry
