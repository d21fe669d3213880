#pragma once

#include <openssl/bio.h>
#include <openssl/x509.h>

#include <memory>

namespace ociferry {

struct FreeBio {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const noexcept { X509_free(certificate); }
};
/// Owners of what OpenSSL allocates.
using BioHandle = std::unique_ptr<BIO, FreeBio>;
using CertificateHandle = std::unique_ptr<X509, FreeCertificate>;

}  // namespace ociferry
