#include "stream/sha256.hpp"

#include <openssl/evp.h>

#include <array>

#include "base/text.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

void check(int result) {
  if (result != 1) throw Error(ErrorCode::Internal, "OpenSSL could not compute a digest");
}

}  // namespace

struct Hasher::State {
  struct FreeContext {
    void operator()(EVP_MD_CTX* handle) const noexcept { EVP_MD_CTX_free(handle); }
  };

  std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
  std::string algorithm;
};

Hasher::Hasher(std::string_view algorithm) : state_(std::make_unique<State>()) {
  const EVP_MD* kind = algorithm == "sha256" ? EVP_sha256() : algorithm == "sha512" ? EVP_sha512() : nullptr;
  if (kind == nullptr) throw Error(ErrorCode::Internal, text::cat("no digest algorithm ", algorithm));
  state_->algorithm = algorithm;
  check(EVP_DigestInit_ex(state_->context.get(), kind, nullptr));
}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(Bytes bytes) { check(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size())); }

Digest Hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned length = 0;
  check(EVP_DigestFinal_ex(state_->context.get(), raw.data(), &length));
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text = state_->algorithm + ":";
  for (unsigned i = 0; i < length; ++i) {
    text += kHex[raw[i] >> 4];
    text += kHex[raw[i] & 0xF];
  }
  return Digest::parse(text);
}

Digest sha256(std::string_view text) { return digest_of(text, "sha256"); }

Digest digest_of(std::string_view text, std::string_view algorithm) {
  Hasher hasher(algorithm);
  hasher.update(as_bytes(text));
  return hasher.finish();
}

}  // namespace ociferry
