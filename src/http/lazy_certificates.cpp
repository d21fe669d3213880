#include "http/lazy_certificates.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <new>
#include <optional>
#include <string_view>
#include <vector>

#include "http/openssl_handles.hpp"

namespace ociferry {

namespace {

struct FreeName {
  void operator()(X509_NAME* name) const noexcept { X509_NAME_free(name); }
};
struct FreeText {
  void operator()(void* text) const noexcept { OPENSSL_free(text); }
};
template <typename Value>
using Text = std::unique_ptr<Value, FreeText>;

const unsigned char* bytes_of(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

/// Steps through DER, element by element.
class Walk {
 public:
  explicit Walk(const std::string& der) : at_(bytes_of(der)), end_(at_ + der.size()) {}

  /// To the content of the element here. False if it is malformed.
  bool enter() {
    constexpr int kMalformed = 0x80;
    constexpr int kIndefinite = 0x01;
    return (ASN1_get_object(&at_, &length_, &tag_, &class_, end_ - at_) & (kMalformed | kIndefinite)) == 0;
  }
  bool pass() {
    if (!enter()) return false;
    at_ += length_;
    return true;
  }
  [[nodiscard]] bool passed_version() const { return class_ == V_ASN1_CONTEXT_SPECIFIC && tag_ == 0; }

  [[nodiscard]] std::unique_ptr<X509_NAME, FreeName> name() const {
    const unsigned char* at = at_;
    return std::unique_ptr<X509_NAME, FreeName>(d2i_X509_NAME(nullptr, &at, end_ - at));
  }

 private:
  const unsigned char* at_;
  const unsigned char* end_;
  long length_ = 0;
  int tag_ = 0;
  int class_ = 0;
};

/// The hash of a certificate's subject (RFC 5280, section 4.1); nullopt if it is malformed.
std::optional<unsigned long> subject_of(const std::string& der) {
  Walk walk(der);
  if (!walk.enter() || !walk.enter() || !walk.pass()) return std::nullopt;
  if (walk.passed_version() && !walk.pass()) return std::nullopt;
  // After the serial number come signature, issuer and validity.
  if (!walk.pass() || !walk.pass() || !walk.pass()) return std::nullopt;
  const auto name = walk.name();
  if (!name) return std::nullopt;
  return X509_NAME_hash_ex(name.get(), nullptr, nullptr, nullptr);
}

CertificateHandle parse(const std::string& der, bool has_trust_settings) {
  const unsigned char* at = bytes_of(der);
  const auto size = static_cast<long>(der.size());
  return CertificateHandle(has_trust_settings ? d2i_X509_AUX(nullptr, &at, size) : d2i_X509(nullptr, &at, size));
}

}  // namespace

LazyCertificates::LazyCertificates(const std::string& pem) {
  const BioHandle text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!text) throw std::bad_alloc();
  while (BIO_eof(text.get()) == 0) {
    char* kind = nullptr;
    char* header = nullptr;
    unsigned char* data = nullptr;
    long size = 0;
    if (PEM_read_bio(text.get(), &kind, &header, &data, &size) != 1) continue;  // at least one line was consumed
    const Text<char> owned_kind(kind);
    const Text<char> owned_header(header);
    const Text<unsigned char> owned_data(data);
    const std::string_view name = kind;
    const bool has_trust_settings = name == PEM_STRING_X509_TRUSTED;
    if (!has_trust_settings && name != PEM_STRING_X509 && name != PEM_STRING_X509_OLD) continue;
    std::string der(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    if (const auto subject = subject_of(der))
      by_subject_.emplace(*subject, Waiting{std::move(der), has_trust_settings});
  }
  ERR_clear_error();
}

std::size_t LazyCertificates::add_for(X509_STORE_CTX& chain, X509_STORE& store) {
  std::vector<unsigned long> names;
  const auto note = [&](X509* certificate) {
    names.push_back(X509_subject_name_hash(certificate));
    names.push_back(X509_issuer_name_hash(certificate));
  };
  if (X509* const shown = X509_STORE_CTX_get0_cert(&chain)) note(shown);
  const STACK_OF(X509)* const sent = X509_STORE_CTX_get0_untrusted(&chain);
  for (int i = 0; i < sk_X509_num(sent); ++i) note(sk_X509_value(sent, i));
  std::size_t added = 0;
  while (!names.empty()) {
    auto found = by_subject_.extract(names.back());
    if (!found) {
      names.pop_back();
      continue;
    }
    const CertificateHandle certificate = parse(found.mapped().der, found.mapped().has_trust_settings);
    if (!certificate) continue;
    if (X509_STORE_add_cert(&store, certificate.get()) != 1) throw std::bad_alloc();
    ++added;
    note(certificate.get());
  }
  ERR_clear_error();
  return added;
}

}  // namespace ociferry
