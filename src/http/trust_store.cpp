#include "http/trust_store.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <cstdlib>
#include <exception>
#include <mutex>
#include <string>
#include <utility>

#include "base/fd.hpp"
#include "base/sizes.hpp"
#include "base/text.hpp"
#include "http/authority_places.hpp"
#include "http/lazy_certificates.hpp"
#include "http/openssl_handles.hpp"
#include "ociferry/error.hpp"

namespace ociferry {

namespace {

/// Adds the certificates of a PEM text to `store` and returns how many there were before the first that is malformed.
std::size_t add_certificates(X509_STORE& store, const std::string& pem) {
  const BioHandle text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!text) throw std::bad_alloc();
  std::size_t count = 0;
  // Reads both kinds of PEM certificates; other content of the file is skipped.
  while (const CertificateHandle certificate{PEM_read_bio_X509_AUX(text.get(), nullptr, nullptr, nullptr)}) {
    if (X509_STORE_add_cert(&store, certificate.get()) != 1) throw std::bad_alloc();
    ++count;
  }
  ERR_clear_error();
  return count;
}

Error unusable(const std::filesystem::path& path, std::string_view why) {
  return Error(ErrorCode::Usage, text::cat("the certificate file '", path.string(), "' ", why))
      .hint("files of authorities (--registry-ca-cert-path, certs.d) hold certificates in PEM format");
}

void add_file(X509_STORE& store, const std::filesystem::path& path) {
  std::string content;
  try {
    content = read_file(path, kMaxCertificateFile);
  } catch (const Error& error) {
    throw unusable(path, text::cat("cannot be read: ", error.message()));
  }
  if (add_certificates(store, content) == 0) throw unusable(path, "holds no certificate");
}

}  // namespace

class TrustStore::Impl {
 public:
  Impl(const std::vector<std::filesystem::path>& extra, const char* built_in)
      : store_(X509_STORE_new()),
        places_(authority_places(std::getenv("SSL_CERT_FILE"), std::getenv("SSL_CERT_DIR"), built_in)) {
    if (!store_) throw std::bad_alloc();
    // As libcurl does: what is trusted goes before what a server sends, and may be an intermediate authority.
    X509_STORE_set_flags(store_.get(), X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
    for (const auto& path : extra) add_file(*store_, path);
  }

  bool attach(SSL_CTX& context) noexcept {
    SSL_CTX_set1_cert_store(&context, store_.get());
    SSL_CTX_set_cert_verify_callback(&context, &Impl::verify, this);
    return SSL_CTX_get_cert_store(&context) == store_.get();
  }

  void rethrow() {
    const std::lock_guard lock(mutex_);
    if (const auto failure = std::exchange(failure_, nullptr)) std::rethrow_exception(failure);
  }

  std::string where_looked_for_authorities() {
    const std::lock_guard lock(mutex_);
    return where_looked_;
  }

 private:
  static int verify(X509_STORE_CTX* chain, void* self) noexcept {
    try {
      static_cast<Impl*>(self)->add_authorities_for(*chain);
    } catch (...) {
      // No certificate is trusted then; `rethrow` throws the reason.
      static_cast<Impl*>(self)->keep_failure();
      X509_STORE_CTX_set_error(chain, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
    }
    return X509_verify_cert(chain);
  }

  void add_authorities_for(X509_STORE_CTX& chain) {
    const std::lock_guard lock(mutex_);
    if (!system_) {
      const Authorities found = read_authorities(places_);
      where_looked_ = ociferry::where_looked(places_, found);
      system_ = std::make_unique<LazyCertificates>(found.pem);
    }
    system_->add_for(chain, *store_);
  }

  void keep_failure() noexcept {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
  }

  CertificateStoreHandle store_;
  AuthorityPlaces places_;
  std::mutex mutex_;
  std::unique_ptr<LazyCertificates> system_;  ///< null until the first certificate comes
  std::string where_looked_;
  std::exception_ptr failure_;
};

TrustStore::TrustStore(const std::vector<std::filesystem::path>& extra, const char* built_in)
    : impl_(std::make_unique<Impl>(extra, built_in)) {}
TrustStore::~TrustStore() = default;

void TrustStore::rethrow() { impl_->rethrow(); }

std::string TrustStore::where_looked() const { return impl_->where_looked_for_authorities(); }

bool TrustStore::attach(void* tls_context) noexcept { return impl_->attach(*static_cast<SSL_CTX*>(tls_context)); }

}  // namespace ociferry
