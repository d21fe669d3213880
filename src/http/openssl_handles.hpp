#pragma once

#include <memory>

struct bio_st;
struct x509_st;
struct x509_store_st;

namespace ociferry {

struct FreeBio {
  void operator()(bio_st* bio) const noexcept;
};
struct FreeCertificate {
  void operator()(x509_st* certificate) const noexcept;
};
struct FreeCertificateStore {
  void operator()(x509_store_st* store) const noexcept;
};
/// Owners of what OpenSSL allocates.
using BioHandle = std::unique_ptr<bio_st, FreeBio>;
using CertificateHandle = std::unique_ptr<x509_st, FreeCertificate>;
using CertificateStoreHandle = std::unique_ptr<x509_store_st, FreeCertificateStore>;

}  // namespace ociferry
