#pragma once

#include <cstddef>
#include <map>
#include <string>

// OpenSSL's X509_STORE_CTX and X509_STORE.
struct x509_store_ctx_st;
struct x509_store_st;

namespace ociferry {

/// The certificates of a PEM text, each parsed when a chain may need it. Parsing all authorities of a system takes as
/// long as hundreds of requests, and a server's certificate needs one or two of them.
class LazyCertificates {
 public:
  /// Skips everything else in the text. Throws std::bad_alloc.
  explicit LazyCertificates(const std::string& pem);

  /// Adds to `store` what the verification of `chain` may look for and was not added before: the certificates that
  /// have the name of a subject or an issuer in the chain, or of the issuer of one that was added. Returns how many
  /// were added. Throws std::bad_alloc. Not thread-safe.
  std::size_t add_for(x509_store_ctx_st& chain, x509_store_st& store);

 private:
  struct Waiting {
    std::string der;
    bool has_trust_settings = false;  ///< of OpenSSL's own form, "TRUSTED CERTIFICATE"
  };

  std::multimap<unsigned long, Waiting> by_subject_;  ///< by the hash of the name, in which spellings are the same
};

}  // namespace ociferry
