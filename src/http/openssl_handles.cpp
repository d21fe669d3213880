#include "http/openssl_handles.hpp"

#include <openssl/bio.h>
#include <openssl/x509.h>

namespace ociferry {

void FreeBio::operator()(bio_st* bio) const noexcept { BIO_free(bio); }

void FreeCertificate::operator()(x509_st* certificate) const noexcept { X509_free(certificate); }

}  // namespace ociferry
