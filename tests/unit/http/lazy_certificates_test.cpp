#include "http/lazy_certificates.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "base/text.hpp"

using namespace ociferry;

namespace {

template <auto Free>
struct Freed {
  template <typename Value>
  void operator()(Value* value) const noexcept {
    Free(value);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using Store = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using Chain = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

/// How a name is written into a certificate.
struct Name {
  std::string text;
  int type = V_ASN1_UTF8STRING;
};

Key make_key() { return Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")); }

void set_name(X509_NAME* name, const Name& value) {
  REQUIRE(X509_NAME_add_entry_by_txt(name, "CN", value.type, reinterpret_cast<const unsigned char*>(value.text.c_str()),
                                     -1, -1, 0) == 1);
}

Certificate make_certificate(const Name& subject, EVP_PKEY* key, const Name& issuer, EVP_PKEY* issuer_key) {
  Certificate made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  set_name(X509_get_subject_name(made.get()), subject);
  set_name(X509_get_issuer_name(made.get()), issuer);
  X509_set_pubkey(made.get(), key);
  const Extension authority(X509V3_EXT_conf_nid(nullptr, nullptr, NID_basic_constraints, "critical,CA:TRUE"));
  REQUIRE(X509_add_ext(made.get(), authority.get(), -1) == 1);
  REQUIRE(X509_sign(made.get(), issuer_key, EVP_sha256()) > 0);
  return made;
}

std::string pem_of(X509* certificate) {
  const std::unique_ptr<BIO, Freed<BIO_free>> out(BIO_new(BIO_s_mem()));
  REQUIRE(PEM_write_bio_X509(out.get(), certificate) == 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

/// A server's certificate that an intermediate authority signed, and that one a root.
struct CertificateHierarchy {
  Key root_key = make_key();
  Key middle_key = make_key();
  Key server_key = make_key();
  Certificate root = make_certificate({"Root of all"}, root_key.get(), {"Root of all"}, root_key.get());
  // The same name in the eyes of RFC 5280, section 7.1.
  Certificate middle =
      make_certificate({"Middle"}, middle_key.get(), {"ROOT  of All", V_ASN1_PRINTABLESTRING}, root_key.get());
  Certificate server = make_certificate({"server"}, server_key.get(), {"Middle"}, middle_key.get());
};

/// Adds to a store what `certificates` have for a server's certificate; returns how many.
std::size_t added_for(LazyCertificates& certificates, X509* server, X509_STORE* store) {
  const Chain chain(X509_STORE_CTX_new());
  REQUIRE(X509_STORE_CTX_init(chain.get(), store, server, nullptr) == 1);
  return certificates.add_for(*chain, *store);
}

bool verifies(X509* server, X509_STORE* store) {
  const Chain chain(X509_STORE_CTX_new());
  REQUIRE(X509_STORE_CTX_init(chain.get(), store, server, nullptr) == 1);
  return X509_verify_cert(chain.get()) == 1;
}

}  // namespace

TEST_CASE("only authorities that a chain may need are parsed, each once") {
  const CertificateHierarchy authorities;
  std::string pem = pem_of(authorities.root.get());
  for (int i = 0; i < 10; ++i) {
    const Name name{text::cat("Other ", i)};
    const Key key = make_key();
    pem += pem_of(make_certificate(name, key.get(), name, key.get()).get());
  }
  pem += pem_of(authorities.middle.get());
  LazyCertificates certificates(pem);
  const Store store(X509_STORE_new());
  CHECK_FALSE(verifies(authorities.server.get(), store.get()));
  CHECK(added_for(certificates, authorities.server.get(), store.get()) == 2);
  CHECK(verifies(authorities.server.get(), store.get()));
  CHECK(added_for(certificates, authorities.server.get(), store.get()) == 0);
}

TEST_CASE("a server's own certificate, and several of one name, are found among the authorities") {
  const CertificateHierarchy authorities;
  const Key other_key = make_key();
  const Certificate other = make_certificate({"Middle"}, other_key.get(), {"Middle"}, other_key.get());
  LazyCertificates certificates(pem_of(authorities.server.get()) + pem_of(other.get()) +
                                pem_of(authorities.middle.get()));
  const Store store(X509_STORE_new());
  CHECK(added_for(certificates, authorities.server.get(), store.get()) == 3);
}

TEST_CASE("malformed certificates are skipped, and those behind them are read") {
  const CertificateHierarchy authorities;
  const std::string good = pem_of(authorities.middle.get()) + pem_of(authorities.root.get());
  const std::string begin = "-----BEGIN CERTIFICATE-----\n";
  const std::string end = "-----END CERTIFICATE-----\n";
  for (const std::string& odd :
       {std::string("# a comment\n\n"), begin + "!!!!\n" + end, begin + "MIIB\n" + end, begin + "MAA=\n" + end,
        begin + "MIGfMIGcoIGZMIGWoIGTMIGQ\n" + end, begin + end, begin + "MA==\n-----END X509 CRL-----\n",
        std::string("-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"),
        pem_of(authorities.server.get()).substr(0, 200) + "\n" + end}) {
    CAPTURE(odd);
    LazyCertificates certificates(odd + good);
    const Store store(X509_STORE_new());
    CHECK(added_for(certificates, authorities.server.get(), store.get()) == 2);
  }
  LazyCertificates cut(good + good.substr(0, good.size() / 3));
  const Store store(X509_STORE_new());
  CHECK(added_for(cut, authorities.server.get(), store.get()) == 2);
  LazyCertificates nothing("");
  CHECK(added_for(nothing, authorities.server.get(), store.get()) == 0);
}
