#include "support/tls.hpp"

#include "support/process.hpp"
#include "support/temp.hpp"

namespace ociferry::testing {

namespace fs = std::filesystem;

namespace {

void openssl(Words arguments) {
  arguments.insert(arguments.begin(), "openssl");
  run_or_throw({.arguments = std::move(arguments)});
}

void make_key(const fs::path& path) {
  openssl({"genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path.string()});
}

void make_authority(const fs::path& certificate, const fs::path& key) {
  make_key(key);
  openssl({"req", "-x509", "-new", "-key", key.string(), "-out", certificate.string(), "-days", "2", "-subj",
           "/CN=ociferry test authority"});
}

}  // namespace

TlsIdentity make_tls_identity(const fs::path& directory, TlsFlaw flaw) {
  fs::create_directories(directory);
  const TlsIdentity identity{directory / "authority.crt", directory / "server.crt", directory / "server.key"};
  const fs::path authority_key = directory / "authority.key";
  make_authority(identity.authority, authority_key);
  make_key(identity.key);

  const fs::path request = directory / "server.csr";
  const fs::path extensions = directory / "server.ext";
  openssl({"req", "-new", "-key", identity.key.string(), "-out", request.string(), "-subj", "/CN=test server"});
  write_text(extensions, flaw == TlsFlaw::OtherName ? "subjectAltName=DNS:elsewhere.example\n"
                                                    : "subjectAltName=DNS:localhost,IP:127.0.0.1,DNS:registry.test\n");
  openssl({"x509", "-req", "-in", request.string(), "-CA", identity.authority.string(), "-CAkey",
           authority_key.string(), "-set_serial", "2", "-days", flaw == TlsFlaw::Expired ? "-1" : "2", "-extfile",
           extensions.string(), "-out", identity.certificate.string()});
  return identity;
}

ClientIdentity make_client_identity(const TlsIdentity& server) {
  const fs::path directory = server.authority.parent_path();
  const ClientIdentity client{directory / "client.crt", directory / "client.key"};
  const fs::path request = directory / "client.csr";
  make_key(client.key);
  openssl({"req", "-new", "-key", client.key.string(), "-out", request.string(), "-subj", "/CN=test client"});
  openssl({"x509", "-req", "-in", request.string(), "-CA", server.authority.string(), "-CAkey",
           (directory / "authority.key").string(), "-set_serial", "3", "-days", "2", "-out",
           client.certificate.string()});
  return client;
}

SigningKey make_signing_key(const fs::path& directory) {
  fs::create_directories(directory);
  SigningKey key{directory / "token.crt", directory / "token.key"};
  openssl({"req", "-x509", "-newkey", "rsa:2048", "-noenc", "-keyout", key.key.string(), "-out",
           key.certificate.string(), "-days", "2", "-subj", "/CN=ociferry test issuer"});
  return key;
}

std::string sign_rs256(const SigningKey& key, const std::string& text) {
  return run_or_throw({.arguments = {"openssl", "dgst", "-sha256", "-sign", key.key.string()}, .input = text});
}

}  // namespace ociferry::testing
