#include "http/openssl_handles.hpp"

#include <openssl/bio.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

namespace ociferry {

void FreeBio::operator()(bio_st* bio) const noexcept { BIO_free(bio); }

void FreeCertificate::operator()(x509_st* certificate) const noexcept { X509_free(certificate); }

void FreeCertificateStore::operator()(x509_store_st* store) const noexcept { X509_STORE_free(store); }

}  // namespace ociferry
