#include "http/tls_options.hpp"

#include <doctest/doctest.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

using namespace ociferry;

namespace {

struct FreeContext {
  void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};

std::vector<std::string> ciphers_of(const SSL_CTX* context) {
  const STACK_OF(SSL_CIPHER)* const all = SSL_CTX_get_ciphers(context);
  std::vector<std::string> names;
  for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) names.emplace_back(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i)));
  return names;
}

}  // namespace

TEST_CASE("hardware support for AES is detected") {
  CHECK(has_aes_instructions("OPENSSL_ia32cap=0x7ffaf3ffffebffff:0x40000000029c6fbf"));
  CHECK_FALSE(has_aes_instructions("OPENSSL_ia32cap=0x7dfaf3fdffebffff:0x40000000029c6fbf env:~0x200000200000000"));
  CHECK(has_aes_instructions("OPENSSL_armcap=0xbd"));
  CHECK_FALSE(has_aes_instructions("OPENSSL_armcap=0x1"));
  CHECK(has_aes_instructions("OPENSSL_s390xcap=stfle:0x0"));
  CHECK(has_aes_instructions("OPENSSL_ia32cap=0x"));
  CHECK(has_aes_instructions(""));
}

TEST_CASE("ChaCha20 is preferred, and no cipher is added to those of the system's policy") {
  const std::unique_ptr<SSL_CTX, FreeContext> context(SSL_CTX_new(TLS_client_method()));
  REQUIRE(SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") == 1);
  REQUIRE(SSL_CTX_set_cipher_list(context.get(), "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305") == 1);
  prefer_chacha20(*context);
  CHECK(ciphers_of(context.get()) == std::vector<std::string>{"TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_256_GCM_SHA384",
                                                              "ECDHE-RSA-CHACHA20-POLY1305",
                                                              "ECDHE-RSA-AES128-GCM-SHA256"});

  REQUIRE(SSL_CTX_set_ciphersuites(context.get(), "TLS_AES_256_GCM_SHA384") == 1);
  REQUIRE(SSL_CTX_set_cipher_list(context.get(), "ECDHE-RSA-AES128-GCM-SHA256") == 1);
  prefer_chacha20(*context);
  CHECK(ciphers_of(context.get()) == std::vector<std::string>{"TLS_AES_256_GCM_SHA384", "ECDHE-RSA-AES128-GCM-SHA256"});
}
